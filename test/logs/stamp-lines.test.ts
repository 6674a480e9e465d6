import { expect, it } from 'vitest';
import { stampLines } from '../../src/logs/stamp-lines.ts';

const TIME = Date.UTC(2026, 0, 31, 23, 59, 58, 7);

it.each([
  ['one line', 'a\n', '2026-01-31T23:59:58.007Z a\n'],
  ['several', 'a\nb\n', '2026-01-31T23:59:58.007Z a\n2026-01-31T23:59:58.007Z b\n'],
  ['an empty one', '\n', '2026-01-31T23:59:58.007Z \n'],
  ['CRLF', 'a\r\n', '2026-01-31T23:59:58.007Z a\r\n'],
])('puts the time before each line: %s', (_, lines, stamped) => {
  expect(stampLines(Buffer.from(lines), TIME).toString()).toBe(stamped);
});
