import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRecord } from '../../src/core/is-record.ts';
import { asText, expectAnswers, pathsInto, replaceAt, VALID } from '../support/config-fuzz.ts';
import { ecosystemOf, resolveText } from './resolve-text.ts';

test('any config gives an ecosystem or located problems', () => {
  expectAnswers(1200);
}, 120_000);

test('a wrong value is the only problem when the rest is right', () => {
  const wrong = { wrong: true };
  const leaves = pathsInto(VALID.apps.web).filter((path) => path.length > 0 && path[0] !== 'env');
  for (const path of leaves) {
    const text = asText(replaceAt(VALID, ['apps', 'web', ...path], wrong));
    const outcome = resolveText(text);
    const shown = outcome.ok ? [] : outcome.problems.map((problem) => `${problem.path}: ${problem.message}`);
    expect(shown.length, `${path.join('.')}: ${shown.join('; ')}`).toBeGreaterThan(0);
    const prefix = ['apps.web', path[0]].join('.');
    expect(shown.filter((line) => !line.startsWith(prefix))).toEqual([]);
  }
});

test('the order of keys does not matter', () => {
  const shuffled = (value: unknown, order: (keys: readonly string[]) => readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item) => shuffled(item, order));
    if (!isRecord(value)) return value;
    return Object.fromEntries(order(Object.keys(value)).map((key) => [key, shuffled(value[key], order)]));
  };
  const expected = ecosystemOf(asText(VALID));
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const order = (keys: readonly string[]): readonly string[] => {
        const ranked = keys.map((key) => ({ key, rank: numbers.next().value ?? 0 }));
        return ranked.sort((a, b) => a.rank - b.rank).map(({ key }) => key);
      };
      const { apps, ...rest } = ecosystemOf(asText(shuffled(VALID, order)));
      const byName = (name: string): unknown => apps.find((app) => app.name === name);
      expect({ ...rest, apps: expected.apps.map((app) => byName(app.name)) }).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});
