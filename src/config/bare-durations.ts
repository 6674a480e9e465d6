// Pure: durations that may be a slip: a plain number is milliseconds, and whoever writes a small one most likely means
// seconds. That is no fault, so it is a notice. (config loader)

import { type Data, isRecord } from '../core/is-record.ts';
import type { KeyPath } from './key-path.ts';
import { follow } from './schema.ts';

/** From here on a plain number can hardly mean seconds. 0 is the same in every unit. */
const PLAUSIBLE = 100;

export interface BareDuration {
  readonly path: KeyPath;
  readonly value: number;
}

/** `value`: as it was written, for part `part` of `schema`. */
export function findBareDurations(schema: Data, part: Data, value: unknown, path: KeyPath = []): BareDuration[] {
  if (typeof value === 'number') return isDuration(part) && value > 0 && value < PLAUSIBLE ? [{ path, value }] : [];
  if (!isRecord(part.properties) || !isRecord(value)) return [];
  const { properties } = part;
  return Object.entries(value).flatMap(([key, inner]) =>
    Object.hasOwn(properties, key)
      ? findBareDurations(schema, follow(schema, properties[key]), inner, [...path, key])
      : [],
  );
}

function isDuration({ format }: Data): boolean {
  return format === 'duration' || format === 'positive-duration';
}

/** `key`: where it is in the file. */
export function describeBareDuration(key: string, value: number): string {
  return `${key} is ${value} ms; write "${value}s" if seconds are meant, or "${value}ms" if not`;
}
