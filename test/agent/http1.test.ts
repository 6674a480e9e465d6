import { expect, test } from 'vitest';
import { withConnectionClose } from '../../src/agent/http1.ts';

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
