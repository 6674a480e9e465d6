import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import type { Connection } from '../../src/agent/connections.ts';
import { whenToClose, withConnectionClose } from '../../src/agent/http1.ts';

test.each([
  { name: 'none', header: 'HTTP/1.1 204 No Content\r\n\r\n', rest: '' },
  {
    name: "Node's own",
    header: 'HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
    rest: '',
  },
  {
    name: 'one in lower case, first',
    header: 'HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\nA: b\r\n\r\n',
    rest: 'A: b\r\n',
  },
  {
    name: 'several',
    header: 'HTTP/1.1 204 No Content\r\nConnection: a\r\nA: b\r\nConnection: c\r\n\r\n',
    rest: 'A: b\r\n',
  },
  { name: 'one that closes', header: 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n', rest: '' },
  { name: 'similar fields', header: 'HTTP/1.1 204 No Content\r\nX-Connection: a\r\n\r\n', rest: 'X-Connection: a\r\n' },
])('"Connection: close" replaces what is there: $name', ({ header, rest }) => {
  expect(withConnectionClose(header)).toBe(`HTTP/1.1 204 No Content\r\n${rest}Connection: close\r\n\r\n`);
});

const DRAIN_START = 100_000;
const LAST_IDLE = 124_500;

function connection(changes: Partial<Connection>, bytesRead: number): Connection {
  const top = Object.assign(new Duplex(), { bytesRead });
  const counts = { inFlight: 0, idleSince: DRAIN_START - 60_000, readBefore: 50 };
  return { socket: top, server: null, top, ...counts, newest: null, place: 0, ...changes };
}

test.each<[string, Partial<Connection>, number, number]>([
  ['that has been silent for long has time for one more request', {}, 50, DRAIN_START + 6_000],
  ['that is new as well', { readBefore: 0 }, 0, DRAIN_START + 6_000],
  ['counts from its last use', { idleSince: DRAIN_START + 2_000 }, 50, DRAIN_START + 8_000],
  ['has no more time than there is', { idleSince: LAST_IDLE - 1_000 }, 50, LAST_IDLE],
  ['on which a part of a request has come waits for the rest', {}, 51, LAST_IDLE],
  ['that sends its first request as well', { readBefore: 0 }, 1, LAST_IDLE],
])('a connection %s', (_what, changes, bytesRead, expected) => {
  expect(whenToClose(connection(changes, bytesRead), DRAIN_START, LAST_IDLE)).toBe(expected);
});
