// Pure: takes what is wrong out of a config, so that the next stage can look at the rest. (config loader)

import { isRecord } from '../core/is-record.ts';
import type { KeyPath } from './key-path.ts';

/** A copy in which the value at each path is undefined; the keys stay, for they were given. */
export function prune(value: unknown, paths: readonly KeyPath[]): unknown {
  return paths.reduce<unknown>((pruned, path) => pruneOne(pruned, path), value);
}

function pruneOne(value: unknown, path: KeyPath): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === key ? pruneOne(item, rest) : item));
  if (!isRecord(value) || !Object.hasOwn(value, key)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, name === key ? pruneOne(item, rest) : item]),
  );
}
