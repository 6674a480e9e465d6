// Pure: refuses names that no app has, before anything is changed.

import { EvenkeelError } from '../core/errors.ts';

/** Throws NO_SUCH_APP with what there is. */
export function requireApps(names: readonly string[], known: readonly string[]): void {
  const missing = names.find((name) => !known.includes(name));
  if (missing === undefined) return;
  throw new EvenkeelError('NO_SUCH_APP', `there is no app named "${missing}"`, {
    hint: known.length === 0 ? 'The config has no apps.' : `There are: ${known.join(', ')}.`,
  });
}
