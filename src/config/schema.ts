// The schema, the one source of keys, types, defaults and descriptions: read from the package. (config loader)

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Data, isRecord } from '../core/is-record.ts';
import { valueAt } from './key-path.ts';

/** From src/config as well as from dist/config. */
const SCHEMA_FILE = join(import.meta.dirname, '../../schemas/evenkeel.schema.json');

export function readSchema(): Data {
  const schema: unknown = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));
  if (!isRecord(schema)) throw new Error('Internal error: the schema is not an object');
  return schema;
}

/** A subschema by its keys; `$ref`s inside the schema are followed. */
export function subschema(schema: Data, path: readonly string[]): Data {
  const found = path.reduce<Data>((at, key) => follow(schema, at[key]), schema);
  return follow(schema, found);
}

export function follow(schema: Data, part: unknown): Data {
  if (!isRecord(part)) throw new Error('Internal error: the schema has no such part');
  if (typeof part.$ref !== 'string') return part;
  return follow(schema, valueAt(schema, part.$ref.split('/').slice(1)));
}
