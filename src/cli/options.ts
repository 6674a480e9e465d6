// CLI: the kinds of options a command can have, and how their text becomes a value.

import { parseDuration } from '../config/parse-duration.ts';
import { parseSize } from '../config/parse-size.ts';
import { parseWorkers } from '../config/parse-workers.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { Bytes } from '../core/spec.ts';

export interface Option<V> {
  /** In commander's syntax: `-n, --lines <count>`. The long name, in camel case, is its key in the table. */
  readonly flags: string;
  readonly description: string;
  /** May be given more than once; all values count. */
  readonly repeatable: boolean;
  /** Raw: a string, an array of them where repeatable, a boolean for a flag, undefined where absent. Throws BAD_USAGE. */
  decode(raw: unknown): V;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

export function decodeOptions<T extends OptionTable>(
  table: T,
  raw: Readonly<Record<string, unknown>>,
): OptionValues<T> {
  const entries = Object.entries(table).map(([key, option]) => [key, option.decode(raw[key])]);
  // The keys are those of the table and each value comes from its own option, which fromEntries cannot express.
  return Object.fromEntries(entries) as OptionValues<T>;
}

/** `--no-x` gives true unless it is there, under the key `x`. */
export function flag(flags: string, description: string): Option<boolean> {
  return { flags, description, repeatable: false, decode: (raw) => raw === true };
}

export function text(flags: string, description: string): Option<string | null> {
  return { flags, description, repeatable: false, decode: textOf };
}

export function duration(flags: string, description: string): Option<number | null> {
  const decode = (raw: unknown): number | null => {
    const given = textOf(raw);
    if (given === null) return null;
    // As in the config, a number without a unit is milliseconds; here it comes as text.
    const bare = parseWholeNumber(given);
    // Other programs take seconds there; and what is over in less than one was hardly meant. 0 is the same in any unit.
    if (bare !== null && bare > 0 && bare < 1000) throw ambiguousDuration(flags, bare);
    const value = parseDuration(bare ?? given);
    if (value === null) throw wrongValue(flags, given, 'is not a duration; write 500ms, 30s or 5m');
    return value;
  };
  return {
    flags,
    description: `${description}; a bare number is milliseconds, from 1000 on`,
    repeatable: false,
    decode,
  };
}

function ambiguousDuration(flags: string, bare: number): EvenkeelError {
  return new EvenkeelError('BAD_USAGE', `option '${flags}': "${bare}" has no unit, and would be milliseconds`, {
    hint: `Did you mean ${bare}s? Write ${bare}ms where milliseconds are meant.`,
  });
}

export function wholeNumber(flags: string, description: string, least: number): Option<number | null> {
  const decode = (raw: unknown): number | null => {
    const given = textOf(raw);
    if (given === null) return null;
    const value = parseWholeNumber(given);
    if (value === null || value < least) throw wrongValue(flags, given, `is not a whole number from ${least} on`);
    return value;
  };
  return { flags, description, repeatable: false, decode };
}

/** As a config writes it: 4, "max", "max-1" or "50%". */
export function workerCount(flags: string, description: string): Option<number | string | null> {
  const decode = (raw: unknown): number | string | null => {
    const given = textOf(raw);
    if (given === null) return null;
    // How many CPUs there are matters only where the number is used.
    if (parseWorkers(given, 1) === null)
      throw wrongValue(flags, given, 'is not a number of workers; write 4, max, max-1 or 50%');
    return parseWholeNumber(given) ?? given;
  };
  return { flags, description, repeatable: false, decode };
}

/** One of these words. */
export function choice<W extends string>(flags: string, words: readonly W[], description: string): Option<W | null> {
  const decode = (raw: unknown): W | null => {
    const given = textOf(raw);
    const found = words.find((word) => word === given) ?? null;
    if (given !== null && found === null) throw wrongValue(flags, given, `is none of ${words.join(', ')}`);
    return found;
  };
  return { flags, description, repeatable: false, decode };
}

/** "512K", "10M", or bytes. */
export function size(flags: string, description: string): Option<Bytes | null> {
  const decode = (raw: unknown): Bytes | null => {
    const given = textOf(raw);
    if (given === null) return null;
    const value = parseSize(parseWholeNumber(given) ?? given);
    if (value === null || value === 0) throw wrongValue(flags, given, 'is not a size; write 512K, 10M or bytes');
    return value;
  };
  return { flags, description, repeatable: false, decode };
}

/** Any number of times. */
export function texts(flags: string, description: string): Option<readonly string[]> {
  const decode = (raw: unknown): readonly string[] => (Array.isArray(raw) ? raw.map(String) : []);
  return { flags, description, repeatable: true, decode };
}

/** `--env NAME=value`, any number of times; a later one wins. */
export function assignments(flags: string, description: string): Option<Readonly<Record<string, string>>> {
  const decode = (raw: unknown): Readonly<Record<string, string>> => {
    const given: readonly unknown[] = Array.isArray(raw) ? raw : [];
    return Object.fromEntries(given.map((item) => splitAssignment(flags, String(item))));
  };
  return { flags, description, repeatable: true, decode };
}

/** "12" is 12; null for anything that is not written so. */
export function parseWholeNumber(given: string): number | null {
  const value = Number(given);
  return /^\d+$/.test(given) && Number.isSafeInteger(value) ? value : null;
}

function textOf(raw: unknown): string | null {
  return typeof raw === 'string' ? raw : null;
}

/** The text itself is not repeated in the error: it may be a secret. */
function splitAssignment(flags: string, given: string): readonly [string, string] {
  const at = given.indexOf('=');
  if (at > 0) return [given.slice(0, at), given.slice(at + 1)];
  throw new EvenkeelError('BAD_USAGE', `option '${flags}': a value has no NAME= before it`, {
    hint: "Write it as --env NAME=value, in quotes where it has spaces: --env 'NAME=a b'. --env NAME= sets it to nothing.",
  });
}

function wrongValue(flags: string, given: string, fault: string): EvenkeelError {
  return new EvenkeelError('BAD_USAGE', `option '${flags}': "${given}" ${fault}`);
}
