// Pure: refuses options that nothing is done with: a misspelt one must not be ignored.

import { nearest } from '../config/did-you-mean.ts';
import { EvenkeelError } from '../core/errors.ts';
import { isRecord } from '../core/is-record.ts';

/** `T` by its keys, each of which has to be there: so the list cannot be shorter than the type. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** Throws BAD_USAGE. `method`: whose options they are. */
export function requireKnown<T extends object>(method: string, given: T, names: OptionNames<T>): void {
  if (!isRecord(given)) throw new EvenkeelError('BAD_USAGE', `${method}: the options must be an object`);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(names, key));
  if (unknown === undefined) return;
  const known = Object.keys(names);
  const meant = nearest(unknown, known);
  throw new EvenkeelError('BAD_USAGE', `${method}: there is no option "${unknown}"`, {
    hint: meant === null ? `There are: ${known.join(', ')}.` : `Did you mean ${meant}?`,
  });
}

/** Throws BAD_USAGE for anything but an object of names and values: the entries of a text or a Map are none. */
export function requireEnv(method: string, option: string, given: unknown): void {
  if (given === undefined || (isRecord(given) && !(Symbol.iterator in given))) return;
  throw new EvenkeelError('BAD_USAGE', `${method}: ${option} must be an object of variables`, {
    hint: `For example: ${option}: { LEVEL: 'debug' }.`,
  });
}

/** Throws BAD_USAGE where no apps are named. `other`: the method that is for all of them. */
export function requireNames(method: string, given: unknown, other: string): void {
  if (typeof given === 'string' || Array.isArray(given)) return;
  throw new EvenkeelError('BAD_USAGE', `${method}: the first argument must be the name of an app, or a list of names`, {
    hint: `${other}() is for every app that runs.`,
  });
}
