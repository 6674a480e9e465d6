// Pure: what the schema validator found, in words for people. (config loader)

import { isRecord } from '../core/is-record.ts';
import { didYouMean } from './did-you-mean.ts';
import { type Fault, makeFault } from './fault.ts';
import { FORMATS } from './formats.ts';
import type { KeyPath } from './key-path.ts';
import { hintForPm2Key } from './pm2-keys.ts';

/** What is used of ajv's ErrorObject. */
export interface SchemaError {
  readonly keyword: string;
  /** JSON pointer. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly schema?: unknown;
  readonly parentSchema?: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
  /** Set where the fault is in the name of a key. */
  readonly propertyName?: string;
}

/** How a hint begins that lists all keys of a place. */
export const KEYS_HERE = 'keys here: ';

/** How a text shows in a message. */
export type Quote = (path: KeyPath, text: string) => string;

/** null: another error says it already. Values do not show, but for words that only the config itself can know. */
export function describeSchemaError(root: unknown, error: SchemaError, quote: Quote): Fault | null {
  const path = pathOf(root, error.instancePath);
  const { keyword, params, data } = error;
  switch (keyword) {
    case 'propertyNames':
      return null;
    case 'additionalProperties':
      return unknownKey(path, String(params.additionalProperty), keysOf(error.parentSchema));
    case 'required':
      return missingKey(path, String(params.missingProperty), data);
    case 'type':
      return wrongType(path, error);
    case 'enum':
      // Of another type than text: the error about that says it.
      return typeof data === 'string' ? wrongWord(path, error.schema, quote(path, data), data) : null;
    case 'format':
      return wrongFormat(path, error, quote);
    case 'minimum':
      return makeFault(path, `must be at least ${params.limit}`);
    case 'maximum':
      return makeFault(path, `must be at most ${params.limit}`);
    case 'minLength':
    case 'minItems':
      return makeFault(path, 'must not be empty');
    case 'maxLength':
      return makeFault(path, `must have at most ${params.limit} characters`);
    default:
      throw new Error(`Internal error: nothing to say about the schema keyword ${keyword}`);
  }
}

function pathOf(root: unknown, pointer: string): KeyPath {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) {
      path.push(Number(key));
      value = value[Number(key)];
    } else {
      path.push(key);
      value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    }
  }
  return path;
}

function unknownKey(path: KeyPath, key: string, known: readonly string[]): Fault {
  const hint =
    (known.includes('workers') ? hintForPm2Key(key) : null) ??
    didYouMean(key, known) ??
    (known.length === 0 ? null : `${KEYS_HERE}${known.join(', ')}`);
  return makeFault([...path, key], 'unknown key', { hint, at: 'key' });
}

/** A key whose value was wrong, and is undefined now, is not missing. */
function missingKey(path: KeyPath, key: string, data: unknown): Fault | null {
  if (isRecord(data) && Object.hasOwn(data, key)) return null;
  return makeFault(path, `the key "${key}" is missing`, { at: 'key' });
}

function keysOf(schema: SchemaError['parentSchema']): readonly string[] {
  return isRecord(schema?.properties) ? Object.keys(schema.properties) : [];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  null: 'null',
};

function wrongType(path: KeyPath, { schema, parentSchema, data }: SchemaError): Fault {
  const types = (Array.isArray(schema) ? schema : [schema]).map(String);
  const words = listWords(types.map((type) => TYPE_WORDS[type] ?? type));
  const isFraction = typeof data === 'number' && types.includes('integer');
  const hint = isFraction
    ? hintForFraction(data, parentSchema?.format)
    : (hintForApps(path, data) ?? hintForType(types, data));
  return makeFault(path, `must be ${words}, not ${describeType(data)}`, { hint });
}

/** In quotes it would be as wrong, unless the text has a unit. */
function hintForFraction(data: number, format: unknown): string {
  const whole = `write ${Math.floor(data)} or ${Math.ceil(data)}`;
  const isDuration = format === 'duration' || format === 'positive-duration';
  return isDuration ? `${whole} for so many milliseconds, or "${data}s" for seconds` : whole;
}

/** "a, b or c". */
function listWords(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

function describeType(data: unknown): string {
  if (data === null) return 'null';
  if (data === undefined) return 'nothing';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'number') return Number.isInteger(data) ? 'a whole number' : 'a fraction';
  return TYPE_WORDS[typeof data] ?? typeof data;
}

/** A list of apps with names in them, as PM2 has it. */
function hintForApps(path: KeyPath, data: unknown): string | null {
  const isList = path.at(-1) === 'apps' && Array.isArray(data);
  return isList ? 'write each app under its name: apps: { web: { script: server.js } }' : null;
}

function hintForType(types: readonly string[], data: unknown): string | null {
  const isScalar = typeof data === 'string' || typeof data === 'number';
  if (types.includes('array') && isScalar) return 'put it in brackets: [ ]';
  if (types.includes('string') && isScalar) return 'put it in quotes';
  if (typeof data === 'string' && types.some((type) => type === 'integer' || type === 'boolean')) {
    return 'write it without quotes';
  }
  return null;
}

function wrongWord(path: KeyPath, allowed: unknown, quoted: string, word: string): Fault {
  const words = (Array.isArray(allowed) ? allowed : []).map(String);
  return makeFault(path, `${quoted} is not one of ${words.join(', ')}`, { hint: didYouMean(word, words) });
}

function wrongFormat(path: KeyPath, error: SchemaError, quote: Quote): Fault {
  const name = error.propertyName;
  const text = name ?? String(error.data);
  const found = FORMATS.get(String(error.params.format))?.(text);
  if (found === undefined || found === null) throw new Error('Internal error: a format and its words disagree');
  if (name === undefined) return makeFault(path, `${quote(path, text)} ${found.message}`, { hint: found.hint });
  return makeFault([...path, name], `${JSON.stringify(name)} ${found.message}`, { hint: found.hint, at: 'key' });
}
