import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { compileFromFile } from 'json-schema-to-typescript';
import { describe, expect, test } from 'vitest';
import { describeSchema } from '../../src/config/describe-schema.ts';
import { FORMATS } from '../../src/config/formats.ts';
import { follow, readSchema, subschema } from '../../src/config/schema.ts';
import { validateConfig } from '../../src/config/validate.ts';
import { type Data, isRecord } from '../../src/core/is-record.ts';
import { MAX_WORKERS } from '../../src/core/spec.ts';

const schema = readSchema();

/** Every key of the config with its part of the schema; those of an app under `app.`. */
function* keysOf(part: Data, prefix: string): Generator<readonly [string, Data]> {
  if (!isRecord(part.properties)) return;
  for (const [key, value] of Object.entries(part.properties)) {
    const property = follow(schema, value);
    yield [`${prefix}${key}`, property];
    yield* keysOf(property, `${prefix}${key}.`);
  }
}

const appKeys = [...keysOf(subschema(schema, ['definitions', 'app']), '')];
const topKeys = [...keysOf(schema, '')].filter(([key]) => !key.startsWith('defaults'));
const leaves = [...topKeys, ...appKeys].filter(
  ([key, part]) => !isRecord(part.properties) && key !== 'apps' && key !== 'profiles',
);

/** A config in which `key` has `value`. */
function configWith(key: string, value: unknown): unknown {
  const nested = key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return topKeys.some(([top]) => top === key)
    ? { apps: {}, ...(isRecord(nested) ? nested : {}) }
    : { apps: { a: nested } };
}

test('the most workers that the schema allows are those that commands allow', () => {
  expect(appKeys.find(([key]) => key === 'workers')?.[1]).toMatchObject({ maximum: MAX_WORKERS });
});

test('the schema is valid draft-07', () => {
  const ajv = new Ajv({ allErrors: true });
  expect(ajv.validateSchema(schema)).toBe(true);
  expect(ajv.errors ?? []).toEqual([]);
});

test('no map takes keys that it does not know, but for those that name things', () => {
  const open: string[] = [];
  const visit = (part: unknown, path: string): void => {
    if (Array.isArray(part)) for (const [index, item] of part.entries()) visit(item, `${path}/${index}`);
    if (!isRecord(part)) return;
    if (isRecord(part.properties) && 'type' in part && part.additionalProperties !== false) open.push(path);
    for (const [key, value] of Object.entries(part)) if (key !== 'examples') visit(value, `${path}/${key}`);
  };
  visit(schema, '');
  expect(open).toEqual([]);
});

test.each(leaves)('%s states its change class and says what it is', (_, part) => {
  expect(part['x-change']).toMatch(/^(deploy|scale|live|restart|none)$/);
  expect(String(part.description).length).toBeGreaterThan(10);
});

test.each(leaves.filter(([, part]) => 'default' in part))('the default of %s is valid', (key, part) => {
  expect(validateConfig(configWith(key, part.default))).toEqual([]);
});

test.each(leaves.filter(([, part]) => 'examples' in part))('the examples of %s are valid', (key, part) => {
  const examples = Array.isArray(part.examples) ? part.examples : [];
  expect(examples.flatMap((example) => validateConfig(configWith(key, example)))).toEqual([]);
});

test('every format that the schema names is known, and no other is', () => {
  const used = [...JSON.stringify(schema).matchAll(/"format":"([^"]+)"/g)].map((match) => match[1]);
  expect(new Set(used)).toEqual(new Set(FORMATS.keys()));
});

test('the types of user configs are those that the schema makes', async () => {
  const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const generated = await compileFromFile(file('schemas/evenkeel.schema.json'), { ignoreMinAndMaxItems: true });
  expect(readFileSync(file('src/config/user-config.ts'), 'utf8')).toBe(generated);
});

describe('the reference', () => {
  const reference = describeSchema(schema);

  test.each([...leaves.map(([key]) => key)])('has %s once', (key) => {
    expect(reference.split(`\n| \`${key}\` |`)).toHaveLength(2);
  });

  test('has type, default and change class of a key', () => {
    expect(reference).toContain('| `restart.maxDelay` | duration, integer | `"30s"` | `live` | The longest pause. |');
  });

  test('has tables in which every row has five cells', () => {
    const rows = reference.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.filter((row) => row.split(/(?<!\\)\|/).length !== 7)).toEqual([]);
  });
});
