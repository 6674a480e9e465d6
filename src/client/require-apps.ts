// Pure: refuses names that no app has, before anything is changed.

import { noSuchApp } from '../core/not-found.ts';

/** Throws NO_SUCH_APP with what there is. */
export function requireApps(names: readonly string[], known: readonly string[]): void {
  const missing = names.find((name) => !known.includes(name));
  if (missing !== undefined) throw noSuchApp(missing, known);
}
