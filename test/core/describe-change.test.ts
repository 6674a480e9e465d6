import { expect, test } from 'vitest';
import { readSchema, subschema } from '../../src/config/schema.ts';
import { describeChange } from '../../src/core/describe-change.ts';
import { type Data, isRecord } from '../../src/core/is-record.ts';

const app = subschema(readSchema(), ['definitions', 'app']);

/** Keys whose value is a text, with whether there are only a few of them. */
function* textsOf(part: Data, prefix: string): Generator<readonly [string, boolean]> {
  for (const [key, property] of Object.entries(isRecord(part.properties) ? part.properties : {})) {
    if (!isRecord(property)) continue;
    if (isRecord(property.properties)) yield* textsOf(property, `${prefix}${key}.`);
    else if ([property.type].flat().includes('string')) yield [`${prefix}${key}`, Array.isArray(property.enum)];
  }
}

const texts = [...textsOf(app, '')].filter(([key]) => key !== 'stop.signal');

test.each(texts.filter(([, isWord]) => isWord))(
  '%s shows from what to what it changes: a word of the config',
  (key) => {
    expect(describeChange(key, 'changed', 'one', 'other')).toBe(`${key} one → other`);
  },
);

test.each(texts.filter(([, isWord]) => !isWord))('%s only shows that it changes: it may be secret', (key) => {
  expect(describeChange(key, 'changed', 'one', 'other')).toBe(`${key} changed`);
});

test('the schema has both kinds', () => {
  expect(texts.filter(([, isWord]) => isWord).length).toBeGreaterThan(4);
  expect(texts.filter(([, isWord]) => !isWord).length).toBeGreaterThan(10);
});

test('a signal shows: there are no others than the system has', () => {
  expect(describeChange('stop.signal', 'changed', 'SIGTERM', 'SIGINT')).toBe('stop.signal SIGTERM → SIGINT');
});
