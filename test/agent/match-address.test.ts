import { describe, expect, test } from 'vitest';
import { readListenArguments } from '../../src/agent/listen-arguments.ts';
import { matchAddress } from '../../src/agent/match-address.ts';
import type { ListenAddress } from '../../src/core/spec.ts';

const tcp = (host: string | null, port = 3000): ListenAddress => ({ kind: 'tcp', host, port });
const resolvePath = (path: string): string => (path.startsWith('/') ? path : `/cwd/${path}`);

function match(declared: readonly ListenAddress[], ...args: unknown[]) {
  const request = readListenArguments(args);
  if (request === null) throw new Error('invalid arguments');
  return matchAddress(request, declared, (one, other) => resolvePath(one) === resolvePath(other));
}

describe.each([
  { declared: null, host: undefined, is: 'declared' },
  { declared: null, host: '::', is: 'declared' },
  { declared: null, host: '[::]', is: 'declared' },
  { declared: null, host: '0:0:0:0:0:0:0:0', is: 'declared' },
  { declared: null, host: '0.0.0.0', is: 'declared' },
  { declared: null, host: '127.0.0.1', is: 'narrower' },
  { declared: null, host: 'localhost', is: 'narrower' },
  { declared: null, host: '::1', is: 'narrower' },
  { declared: '0.0.0.0', host: undefined, is: 'declared' },
  { declared: '0.0.0.0', host: '127.0.0.1', is: 'narrower' },
  { declared: '0.0.0.0', host: '::1', is: 'none' },
  { declared: '::', host: '10.0.0.1', is: 'narrower' },
  { declared: '127.0.0.1', host: undefined, is: 'declared' },
  { declared: '127.0.0.1', host: '0.0.0.0', is: 'declared' },
  { declared: '127.0.0.1', host: '127.0.0.1', is: 'declared' },
  { declared: '127.0.0.1', host: 'localhost', is: 'declared' },
  { declared: '127.0.0.1', host: 'LOCALHOST', is: 'declared' },
  { declared: '127.0.0.1', host: '::1', is: 'none' },
  { declared: '127.0.0.1', host: '10.0.0.1', is: 'none' },
  { declared: 'localhost', host: '::1', is: 'declared' },
  { declared: 'localhost', host: 'localhost', is: 'declared' },
  { declared: '::1', host: '0:0:0:0:0:0:0:1', is: 'declared' },
  { declared: 'example.test', host: 'example.test', is: 'declared' },
  { declared: 'example.test', host: 'localhost', is: 'none' },
])('declared on host $declared, an app that asks for host $host', ({ declared, host, is }) => {
  test(`gets: ${is}`, () => {
    expect(match([tcp(declared)], { port: 3000, host }).kind).toBe(is);
  });

  test('gets nothing of it on another port', () => {
    expect(match([tcp(declared)], { port: 3001, host }).kind).toBe('none');
  });
});

test('an exact match comes before a wider and a narrower one', () => {
  const declared = [tcp(null), tcp('127.0.0.1')];
  expect(match(declared, 3000, '127.0.0.1')).toEqual({ kind: 'declared', address: tcp('127.0.0.1') });
  expect(match(declared, 3000)).toEqual({ kind: 'declared', address: tcp(null) });
});

test('IPv6 only is narrower than every interface', () => {
  expect(match([tcp(null)], { port: 3000, host: '::', ipv6Only: true }).kind).toBe('narrower');
});

test('a unix socket matches by its absolute path', () => {
  const declared: ListenAddress[] = [tcp(null), { kind: 'unix', path: '/cwd/app.sock' }];
  expect(match(declared, 'app.sock').kind).toBe('declared');
  expect(match(declared, { path: '/cwd/app.sock' }).kind).toBe('declared');
  expect(match(declared, '/tmp/app.sock').kind).toBe('none');
});

test('port 0 is never a declared one', () => {
  expect(match([tcp(null)]).kind).toBe('none');
});
