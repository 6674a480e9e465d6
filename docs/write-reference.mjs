// `npm run docs`: writes the config reference into README.md, from the schema. A test fails where it is not current.

import { readFileSync, writeFileSync } from 'node:fs';
import { createJiti } from 'jiti';

const readme = new URL('../README.md', import.meta.url);
const schema = new URL('../schemas/evenkeel.schema.json', import.meta.url);

const { describeSchema } = await createJiti(import.meta.url).import('../src/config/describe-schema.ts');
const reference = describeSchema(JSON.parse(readFileSync(schema, 'utf8')));
const text = readFileSync(readme, 'utf8').replace(
  /(<!-- config reference: begin [^\n]*\n)[\s\S]*(?=<!-- config reference: end -->)/,
  (_old, begin) => `${begin}\n${reference}\n`,
);
writeFileSync(readme, text);
