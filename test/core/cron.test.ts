import { expect, test } from 'vitest';
import { cronProblem, nextRun } from '../../src/core/cron.ts';

const NOON = new Date(2026, 0, 31, 12, 0, 0).getTime();

test.each([
  ['0 4 * * *', new Date(2026, 1, 1, 4, 0, 0)],
  ['@daily', new Date(2026, 1, 1, 0, 0, 0)],
  ['*/5 * * * *', new Date(2026, 0, 31, 12, 5, 0)],
  ['30 * * * * *', new Date(2026, 0, 31, 12, 0, 30)],
  ['0 0 29 2 *', new Date(2028, 1, 29, 0, 0, 0)],
])('%s comes next at %s', (pattern, expected) => expect(nextRun(pattern, NOON)).toBe(expected.getTime()));

test('the next run is after the given time, never at it', () => {
  expect(nextRun('0 12 * * *', NOON)).toBe(new Date(2026, 1, 1, 12, 0, 0).getTime());
});

test.each(['', '* * *', '61 * * * *', 'x * * * *', '0 0 30 2 *', '2030-01-01T00:00:00', '1 2 3 4 5 6 7'])(
  '%j is not a pattern',
  (pattern) => expect(cronProblem(pattern)).toEqual(expect.any(String)),
);

test.each(['0 4 * * *', '@hourly', '0 0 * * MON-FRI', '0 0 1 1 *'])('%j is a pattern', (pattern) =>
  expect(cronProblem(pattern)).toBeNull(),
);

test('a bad pattern throws', () => expect(() => nextRun('nope', NOON)).toThrow());
