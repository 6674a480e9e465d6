import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRecord } from '../../src/core/is-record.ts';
import { ecosystemOf, resolveText } from './resolve-text.ts';

const VALID = {
  name: 'shop',
  defaults: { workers: 2, env: { A: 'a' }, stop: { timeout: '10s' } },
  profiles: { big: { apps: { web: { workers: 'max' } } } },
  apps: {
    web: {
      ...{ script: 'a.js', listen: [3000, './web.sock'], env: { PORT: 3000, OFF: null, ON: true }, dependsOn: ['api'] },
      ...{ ready: { on: 'http', url: '/up' }, health: { http: '/up' }, deploy: { before: [['make'], ['x', 'y']] } },
      ...{ restart: { memory: '512M', schedule: '0 4 * * *' }, logs: { stdout: null, stderr: '-' }, user: 1000 },
    },
    api: { command: ['api'], workers: '50%', inheritEnv: true, node: { args: ['--x'] }, args: ['y'] },
  },
};

/** Every path into a value. */
function pathsInto(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsInto(inner, [...path, key]))];
}

function replaceAt(value: unknown, path: readonly string[], replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item, index) => (`${index}` === key ? replaceAt(item, rest, replacement) : item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, name === key ? replaceAt(item, rest, replacement) : item]),
  );
}

const words = fc.constantFrom(
  'script',
  'apps',
  'env',
  'web',
  'constructor',
  '__proto__',
  'toString',
  'timeout',
  'on',
  '<<',
);
const texts = fc.oneof(
  words,
  fc.string(),
  fc.constantFrom('$', '$$', '$'.concat('{'), '$'.concat('{A}'), '5m', '10M', 'max'),
);
const junk = fc.anything({
  ...{ key: fc.oneof(words, fc.string()), maxDepth: 4 },
  values: [texts, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)],
});
const asText = (value: unknown): string => JSON.stringify(value ?? null);

function expectAnswer(text: string, profile: string | null): void {
  const outcome = resolveText(text, { profile });
  if (outcome.ok) expect(outcome.ecosystem.apps).toBeInstanceOf(Array);
  else expect(outcome.problems.length).toBeGreaterThan(0);
}

test('any structure gives an ecosystem or problems', () => {
  fc.assert(
    fc.property(junk, (value) => expectAnswer(asText(value), null)),
    { numRuns: 400 },
  );
});

test('any text gives an ecosystem or problems', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => expectAnswer(text, null)),
    { numRuns: 400 },
  );
});

test('a valid config with anything anywhere gives an ecosystem or located problems', () => {
  const paths = fc.constantFrom(...pathsInto(VALID));
  const profile = fc.constantFrom(null, 'big', 'none');
  fc.assert(
    fc.property(paths, junk, profile, (path, value, chosen) => {
      const text = asText(replaceAt(VALID, path, value));
      const outcome = resolveText(text, { profile: chosen });
      if (outcome.ok) return;
      for (const problem of outcome.problems) {
        expect(problem.line).toBeGreaterThan(0);
        expect(problem.column).toBeGreaterThan(0);
        expect(problem.message).not.toContain('Internal error');
      }
    }),
    { numRuns: 400 },
  );
});

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
