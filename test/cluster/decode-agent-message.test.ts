import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeAgentMessage } from '../../src/cluster/decode-agent-message.ts';
import type { AgentMessage } from '../../src/protocol/agent-link.ts';

const metrics = { rss: 1, cpuMicros: 2, connections: 3, requests: 4 };

/** One of each type: the compiler sees to it that none is missing. */
const MESSAGES: { readonly [T in AgentMessage['type']]: Extract<AgentMessage, { readonly type: T }> } = {
  hello: {
    ...{ type: 'hello', app: 'web', pid: 1, slot: 0, generation: 2, orphan: false, startedAt: 1.5 },
    ...{ sockets: ['3000'] },
  },
  'offer-sockets': { type: 'offer-sockets', addresses: ['3000'], pid: 1 },
  held: { type: 'held', address: '3000' },
  closed: { type: 'closed', address: '3000' },
  refused: { type: 'refused', reason: 'the app listens on 127.0.0.1:3000' },
  listening: { type: 'listening', address: '3000', declared: null, named: true },
  ready: { type: 'ready' },
  'replace-me': { type: 'replace-me', reason: 'memory' },
  uncaught: { type: 'uncaught', reason: 'Error: x' },
  'ready-for': { type: 'ready-for', resource: 'queue' },
  probed: { type: 'probed', id: 1, ok: true, detail: '' },
  metrics: { type: 'metrics', id: 1, metrics },
  draining: { type: 'draining', finished: 1, inFlight: 2, open: 3 },
  drained: { type: 'drained', finished: 1 },
};
const messages = Object.values(MESSAGES);

it.each(messages)('takes %o', (message) => {
  expect(decodeAgentMessage(message)).toEqual(message);
});

it('takes no message that lacks a field', () => {
  for (const message of messages) {
    for (const key of Object.keys(message)) {
      const rest = Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));
      expect(decodeAgentMessage(rest), `${message.type} without ${key}`).toBeNull();
    }
  }
});

it('whatever comes, gives null or a message of the protocol, with nothing else in it', () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 0.5, 1e300, Number.NaN, true, '', null, [], {}));
  const mutant = fc
    .tuple(fc.constantFrom(...messages), fc.dictionary(fc.constantFrom(...messages.flatMap(Object.keys)), field))
    .map(([message, change]) => ({ ...message, ...change }));
  fc.assert(
    fc.property(fc.oneof(mutant, fc.jsonValue()), (value) => {
      const message = decodeAgentMessage(value);
      if (message === null) return;
      expect(new Set(Object.keys(message))).toEqual(new Set(Object.keys(MESSAGES[message.type])));
      expect(decodeAgentMessage(message)).toEqual(message);
    }),
    { numRuns: 2000 },
  );
});

it('keeps texts short that events would quote', () => {
  const message = decodeAgentMessage({ type: 'uncaught', reason: 'x'.repeat(60_000) });
  expect(message).toEqual({ type: 'uncaught', reason: 'x'.repeat(500) });
});
