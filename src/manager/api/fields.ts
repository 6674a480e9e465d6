// Manager: takes the fields of a request's body one by one, and names the one that is wrong.

import { EvenkeelError } from '../../core/errors.ts';
import { type Data, isRecord } from '../../core/is-record.ts';

/** Checks a value and gives it back, typed; throws BAD_REQUEST for `path`. */
export type Check<T> = (value: unknown, path: string) => T;

export type Checks<T> = { readonly [K in keyof T]-?: Check<Exclude<T[K], undefined>> };

/** An absent field stays absent, null is no value, and a field without a check is an error. */
export function checkFields<T extends object>(body: Data, checks: Checks<T>, at = ''): Partial<T> {
  const checked: Partial<T> = {};
  for (const key of Object.keys(body)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks).join(', ');
      throw wrong(at + key, 'is not known', known === '' ? 'There are no fields here.' : `Known fields: ${known}.`);
    }
  }
  for (const key of keysOf(checks)) {
    const value = Object.hasOwn(body, key) ? body[key] : undefined;
    if (value !== undefined) checked[key] = checks[key](value, at + key);
  }
  return checked;
}

export const asBoolean: Check<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw wrong(path, `must be true or false, not ${kind(value)}`);
  return value;
};

export const asText: Check<string> = (value, path) => {
  if (typeof value !== 'string' || value === '') throw wrong(path, `must be a text, not ${kind(value)}`);
  return value;
};

export const asTextOrNull: Check<string | null> = (value, path) => (value === null ? null : asText(value, path));

export const asAbsolutePath: Check<string> = (value, path) => {
  const text = asText(value, path);
  if (!text.startsWith('/') || text.includes('\0')) throw wrong(path, 'must be an absolute path');
  return text;
};

export const asNames: Check<readonly string[]> = (value, path) => {
  if (!Array.isArray(value)) throw wrong(path, `must be a list of names, not ${kind(value)}`);
  if (value.length === 0)
    throw wrong(path, 'must name at least one app', 'All are meant where it is left out; a deploy says `all`.');
  return [...new Set(value.map((name, index) => asText(name, `${path}[${index}]`)))];
};

/** `from`, `to`: inclusive. */
export function asInteger(from: number, to = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= from && value <= to) return value;
    throw wrong(path, `must be an integer from ${from}${to === Number.MAX_SAFE_INTEGER ? '' : ` to ${to}`}`);
  };
}

/** Names that a process can have in its environment, with text values. */
export const asEnv: Check<Readonly<Record<string, string>>> = (value, path) => {
  const entries = Object.entries(asVariables(value, path));
  return Object.fromEntries(entries.map(([name, text]) => [name, asValue(text, `${path}.${name}`)]));
};

/** As asEnv; null removes a variable. */
export const asEnvChange: Check<Readonly<Record<string, string | null>>> = (value, path) => {
  const entries = Object.entries(asVariables(value, path));
  return Object.fromEntries(
    entries.map(([name, text]) => [name, text === null ? null : asValue(text, `${path}.${name}`)]),
  );
};

function asVariables(value: unknown, path: string): Data {
  if (!isRecord(value)) throw wrong(path, `must be an object, not ${kind(value)}`);
  for (const name of Object.keys(value)) {
    if (name === '' || /[=\0]/.test(name))
      throw wrong(path, `has a name that no variable can have: ${JSON.stringify(name)}`);
  }
  return value;
}

function asValue(text: unknown, path: string): string {
  if (typeof text !== 'string' || text.includes('\0')) throw wrong(path, 'must be a text without NUL');
  return text;
}

export function wrong(path: string, fault: string, hint: string | null = null): EvenkeelError {
  return new EvenkeelError('BAD_REQUEST', `${path} ${fault}`, { hint });
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : value === '' ? 'an empty text' : `a ${typeof value}`;
}

function keysOf<T extends object>(object: T): (keyof T & string)[] {
  return Object.keys(object).filter((key): key is keyof T & string => Object.hasOwn(object, key));
}
