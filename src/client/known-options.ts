// Pure: refuses options that nothing is done with: a misspelt one must not be ignored.

import { nearest } from '../config/did-you-mean.ts';
import { EvenkeelError } from '../core/errors.ts';

/** `T` by its keys, each of which has to be there: so the list cannot be shorter than the type. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** Throws BAD_USAGE. `method`: whose options they are. */
export function requireKnown<T extends object>(method: string, given: T, names: OptionNames<T>): void {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(names, key));
  if (unknown === undefined) return;
  const known = Object.keys(names);
  const meant = nearest(unknown, known);
  throw new EvenkeelError('BAD_USAGE', `${method}: there is no option "${unknown}"`, {
    hint: meant === null ? `There are: ${known.join(', ')}.` : `Did you mean ${meant}?`,
  });
}
