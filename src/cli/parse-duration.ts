// CLI: a length of time as it is written on the command line, in the config's notation.

import type { Milliseconds } from '../core/spec.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "500ms", "30s", "1.5m", or a number of milliseconds; null where it is none of these. */
export function parseDuration(text: string): Milliseconds | null {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  const [amount, unit] = [found?.[1], found?.[2] ?? 'ms'];
  if (amount === undefined) return null;
  const duration = Math.round(Number(amount) * (UNITS[unit] ?? 1));
  return Number.isSafeInteger(duration) ? duration : null;
}
