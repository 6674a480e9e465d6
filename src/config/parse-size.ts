// Pure: sizes as a config writes them. (config loader)

import type { Bytes } from '../core/spec.ts';

const POWERS = 'BKMGT';

/** "512K", "10M", "1.5G" (powers of 1024; "MB" and "MiB" mean the same), or bytes as a number; null: it is none. */
export function parseSize(value: string | number): Bytes | null {
  if (typeof value === 'number') return value;
  const [, amount, power = ''] = /^(\d+(?:\.\d+)?)\s?(?:([KMGT])(?:i?B)?|B)$/i.exec(value) ?? [];
  if (amount === undefined) return null;
  const size = Math.floor(Number(amount) * 1024 ** Math.max(POWERS.indexOf(power.toUpperCase()), 0));
  return Number.isSafeInteger(size) ? size : null;
}
