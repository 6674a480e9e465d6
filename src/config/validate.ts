// Checks a config against the schema: every fault of keys, types and formats at once. (config loader)

import type { Fault } from './fault.ts';
import { describeSchemaError, type Quote } from './schema-fault.ts';
import { validate } from './schema-validator.ts';

export function validateConfig(config: unknown, quote: Quote = (_, text) => JSON.stringify(text)): readonly Fault[] {
  if (validate(config)) return [];
  return (validate.errors ?? []).flatMap((error) => describeSchemaError(config, error, quote) ?? []);
}
