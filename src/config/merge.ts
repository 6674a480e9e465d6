// Pure: lays parts of a config over each other. Maps are merged key by key; anything else is replaced. (config loader)

import { isRecord } from '../core/is-record.ts';

export function mergeData(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return over;
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    merged.set(key, merged.has(key) ? mergeData(merged.get(key), value) : value);
  }
  return Object.fromEntries(merged);
}
