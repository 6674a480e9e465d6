import { expect, test } from 'vitest';
import { readSchema, subschema } from '../../src/config/schema.ts';
import { CHANGE_CLASSES, changeClassOf } from '../../src/core/change-classes.ts';
import { type Data, isRecord } from '../../src/core/is-record.ts';
import { appOf } from '../config/resolve-text.ts';

const app = subschema(readSchema(), ['definitions', 'app']);

function* leavesOf(part: Data, prefix: string): Generator<readonly [string, unknown]> {
  for (const [key, property] of Object.entries(isRecord(part.properties) ? part.properties : {})) {
    if (!isRecord(property)) continue;
    if (isRecord(property.properties)) yield* leavesOf(property, `${prefix}${key}.`);
    else yield [`${prefix}${key}`, property['x-change']];
  }
}

/** What these bring counts as `env`. */
const FOLDED = ['envFile', 'inheritEnv'];

test.each([...leavesOf(app, '')].filter(([key]) => !FOLDED.includes(key)))(
  '%s is of the class that the schema states',
  (key, change) => {
    expect(changeClassOf(key)).toBe(change);
    const known = Object.keys(CHANGE_CLASSES);
    expect(known.some((line) => key === line || key.startsWith(`${line}.`))).toBe(true);
  },
);

test('every key of a spec has a class of its own', () => {
  const spec = appOf('apps: { a: { script: a.js } }');
  expect(Object.keys(spec).filter((key) => !Object.hasOwn(CHANGE_CLASSES, key))).toEqual([]);
});

test.each([
  ['env.PORT', 'deploy'],
  ['env.A.B', 'deploy'],
  ['env.restart.limit', 'deploy'],
  ['stop.signal', 'deploy'],
  ['stop.timeout', 'live'],
  ['ready.url', 'live'],
  ['health', 'live'],
  ['logs.stdout', 'live'],
  ['constructor', 'deploy'],
  ['someKeyOfAnotherVersion', 'deploy'],
])('%s is %s', (path, expected) => expect(changeClassOf(path)).toBe(expected));
