// The schema as ajv compiles it. In what is built stands the code that ajv has generated from it instead
// (src/build.mjs): to load ajv and to compile the schema would take as long as all the rest of a read. (config loader)

import { _, Ajv } from 'ajv';
import { FORMAT_CHECKS } from './formats.ts';
import { readSchema } from './schema.ts';

/** Where the generated code has FORMAT_CHECKS. */
const FORMATS_IN_CODE = _`FORMAT_CHECKS`;

export const ajv: Ajv = new Ajv({
  ...{ strict: true, strictTypes: true, allowUnionTypes: true, allErrors: true, verbose: true },
  // A test checks the schema itself.
  ...{ validateSchema: false, meta: false },
  code: { source: true, esm: true, formats: FORMATS_IN_CODE },
});
ajv.addVocabulary(['x-change', 'x-default']);
for (const [name, accepts] of Object.entries(FORMAT_CHECKS)) ajv.addFormat(name, accepts);

/** Leaves what it has found in its `errors`. */
export const validate = ajv.compile(readSchema());
