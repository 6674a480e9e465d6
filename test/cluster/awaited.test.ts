import { describe, expect, it } from 'vitest';
import { describeAwaited, NOTHING_SEEN, type Seen } from '../../src/cluster/awaited.ts';
import type { ListenAddress, Readiness } from '../../src/core/spec.ts';

type Condition = Readiness extends infer R ? (R extends Readiness ? Omit<R, 'timeout'> : never) : never;

const [A, B]: readonly ListenAddress[] = [3033, 3034].map((port) => ({ kind: 'tcp', host: null, port }));
const BOTH = [A, B].filter((address) => address !== undefined);

const NO_SERVER =
  'it does not listen on anything (one that is no server needs `ready: { on: delay }`, or `start --ready delay SCRIPT`)';

describe('what a worker that is not ready still is to do', () => {
  it.each<[string, Condition, readonly ListenAddress[], Partial<Seen>]>([
    [NO_SERVER, { on: 'listening' }, [], {}],
    ['it does not listen on 3033, 3034', { on: 'listening' }, BOTH, {}],
    ['it does not listen on 3034', { on: 'listening' }, BOTH, { declared: ['3033'] }],
    ['it may not listen where it wants to: why', { on: 'listening' }, BOTH, { refused: 'why' }],
    ['it does not listen on 3033, 3034, but on 3035', { on: 'listening' }, BOTH, { elsewhere: ['3035'] }],
    ['it has not sent the message "ready"', { on: 'message' }, [], {}],
    ['it has not sent the message "ready", but has sent 1 other message', { on: 'message' }, [], { otherMessages: 1 }],
    ['it has not sent the message "ready", but has sent 2 other messages', { on: 'message' }, [], { otherMessages: 2 }],
    ['it does not listen on 3033, 3034', { on: 'http', url: '/up', status: null }, BOTH, {}],
    ['GET /up answered 503', { on: 'http', url: '/up', status: null }, BOTH, { answer: 'GET /up answered 503' }],
    ['GET http://h/up has not been answered', { on: 'http', url: 'http://me:key@h/up?key', status: null }, [], {}],
    ['h:1: connect ECONNREFUSED', { on: 'tcp', host: 'h', port: 1 }, [], { answer: 'h:1: connect ECONNREFUSED' }],
    ['h:1 has not accepted a connection', { on: 'tcp', host: 'h', port: 1 }, [], {}],
    ['it has not written a line that matches ready.pattern', { on: 'log', pattern: 'up|on' }, [], {}],
  ])('%s', (text, condition, listen, seen) => {
    // Each condition is one of the union's members without the key that they all have.
    const ready = { ...condition, timeout: 1_000 } as Readiness;
    expect(describeAwaited({ listen, ready }, { ...NOTHING_SEEN, ...seen })).toBe(text);
  });
});
