// Pure: durations as a config writes them. (config loader)

import type { Milliseconds } from '../core/spec.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** A timer of Node's takes no more; beyond it would fire at once. */
export const MAX_DURATION: Milliseconds = 2 ** 31 - 1;

/** "500ms", "1.5s", "5m", "2h", "1d", or milliseconds as a number; null: it is none, or too long. */
export function parseDuration(value: string | number): Milliseconds | null {
  if (typeof value === 'number') return value <= MAX_DURATION ? value : null;
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s?([a-z]+)$/.exec(value) ?? [];
  const factor = UNITS.get(unit);
  if (amount === undefined || factor === undefined) return null;
  const duration = Math.round(Number(amount) * factor);
  return duration <= MAX_DURATION ? duration : null;
}
