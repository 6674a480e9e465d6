// Pure: a spec with some of its keys taken from another one.

import type { AppSpec } from './spec.ts';

/** `keys`: key paths (`restart.limit`); everything under the first part of each is taken. */
export function takeKeys(spec: AppSpec, from: AppSpec, keys: readonly string[]): AppSpec {
  const names = new Set(keys.map((key) => key.split('.')[0]));
  const taken = Object.entries(from).filter(([name]) => names.has(name));
  return { ...spec, ...Object.fromEntries(taken) };
}
