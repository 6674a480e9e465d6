// Checks a config against the schema with ajv: every fault of keys, types and formats at once. (config loader)

import { Ajv } from 'ajv';
import type { Data } from '../core/is-record.ts';
import type { Fault } from './fault.ts';
import { FORMATS } from './formats.ts';
import { isTemplate } from './interpolate.ts';
import { describeSchemaError, type Quote } from './schema-fault.ts';

/** Texts that still have variables in them are checked when these are filled in. */
export type Validator = (config: unknown, quote?: Quote) => readonly Fault[];

export function createValidator(schema: Data): Validator {
  const ajv = new Ajv({
    ...{ strict: true, strictTypes: true, allowUnionTypes: true, allErrors: true, verbose: true },
    // A test checks the schema itself; here it would take as long as all the rest.
    ...{ validateSchema: false, meta: false, code: { optimize: false } },
  });
  ajv.addVocabulary(['x-change', 'x-default']);
  for (const [name, problemOf] of FORMATS) {
    ajv.addFormat(name, (text: string) => isTemplate(text) || problemOf(text) === null);
  }
  const validate = ajv.compile(schema);
  return (config, quote = (_, text) => JSON.stringify(text)) => {
    if (validate(config)) return [];
    return (validate.errors ?? []).flatMap((error) => describeSchemaError(config, error, quote) ?? []);
  };
}
