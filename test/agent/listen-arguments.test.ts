import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ListenOptions, readListenArguments } from '../../src/agent/listen-arguments.ts';

const PLAIN: ListenOptions = {
  ...{ backlog: null, ipv6Only: false, reusePort: false, exclusive: false, readableAll: false, writableAll: false },
  ...{ signal: null, callback: null },
};
const callback = (): void => {};
const tcp = (port: number, host: string | null = null, more: Partial<ListenOptions> = {}) => ({
  ...{ ...PLAIN, kind: 'tcp', port, host },
  ...more,
});
const unix = (path: string, more: Partial<ListenOptions> = {}) => ({ ...PLAIN, kind: 'unix', path, ...more });

test.each([
  { args: [], asks: tcp(0) },
  { args: [callback], asks: tcp(0, null, { callback }) },
  { args: [undefined, callback], asks: tcp(0, null, { callback }) },
  { args: [null], asks: tcp(0) },
  { args: [3000], asks: tcp(3000) },
  { args: ['3000'], asks: tcp(3000) },
  { args: ['0xbb8'], asks: tcp(3000) },
  { args: [3000, callback], asks: tcp(3000, null, { callback }) },
  { args: [3000, '127.0.0.1'], asks: tcp(3000, '127.0.0.1') },
  { args: [3000, ''], asks: tcp(3000) },
  { args: [3000, 128, callback], asks: tcp(3000, null, { backlog: 128, callback }) },
  { args: [3000, 'localhost', 64, callback], asks: tcp(3000, 'localhost', { backlog: 64, callback }) },
  { args: [3000, undefined, callback], asks: tcp(3000, null, { callback }) },
  { args: [{ port: 3000 }], asks: tcp(3000) },
  { args: [{ port: '3000', host: '::' }], asks: tcp(3000, '::') },
  { args: [{ port: undefined }], asks: tcp(0) },
  { args: [{ port: null, host: 'a' }], asks: tcp(0, 'a') },
  {
    args: [{ port: 3000, exclusive: true, backlog: 9 }, callback],
    asks: tcp(3000, null, { exclusive: true, backlog: 9, callback }),
  },
  {
    args: [{ port: 3000, ipv6Only: true, reusePort: true, exclusive: true }],
    asks: tcp(3000, null, { ipv6Only: true, reusePort: true, exclusive: true }),
  },
  { args: [{ port: 3000, path: '/ignored' }], asks: tcp(3000) },
  { args: ['/run/app.sock'], asks: unix('/run/app.sock') },
  { args: ['app.sock', 10, callback], asks: unix('app.sock', { backlog: 10, callback }) },
  { args: [{ path: '/run/app.sock', readableAll: true }], asks: unix('/run/app.sock', { readableAll: true }) },
])('listen($args)', ({ args, asks }) => {
  expect(readListenArguments(args)).toEqual(asks);
});

test.each([
  { name: 'a file descriptor', args: [{ fd: 3 }] },
  { name: 'another server', args: [{ _handle: {} }] },
  { name: 'a handle', args: [{ handle: {} }] },
  { name: 'a port out of range', args: [65_536] },
  { name: 'a negative port', args: [-1] },
  { name: 'a fraction', args: [{ port: 1.5 }] },
  { name: 'an empty string', args: [''] },
  { name: 'options without port and path', args: [{ host: 'a' }] },
  { name: 'a boolean', args: [true] },
])('$name is left to Node', ({ args }) => {
  expect(readListenArguments(args)).toBeNull();
});

test('an abort signal is read', () => {
  const { signal } = new AbortController();
  expect(readListenArguments([{ port: 1, signal }])).toMatchObject({ signal });
});

test('nothing that it is given makes it throw', () => {
  fc.assert(fc.property(fc.array(fc.anything()), (args) => void readListenArguments(args)));
});
