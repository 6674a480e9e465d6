// Pure: fills in the defaults that the schema states. (config loader)

import { type Data, isRecord } from '../core/is-record.ts';
import { follow } from './schema.ts';

/** A copy of `value` with the defaults of `part` (a part of `schema`) wherever there is nothing. */
export function complete(schema: Data, part: Data, value: unknown): unknown {
  if (value === undefined && Object.hasOwn(part, 'default')) return structuredClone(part.default);
  if (!isRecord(part.properties) || (value !== undefined && !isRecord(value))) return value;
  const given = value ?? {};
  const filled = Object.entries(part.properties)
    .map(([key, property]) => {
      const own = Object.hasOwn(given, key) ? given[key] : undefined;
      return [key, complete(schema, follow(schema, property), own)] as const;
    })
    .filter(([, inner]) => inner !== undefined);
  return { ...given, ...Object.fromEntries(filled) };
}
