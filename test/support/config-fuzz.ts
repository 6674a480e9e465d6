// Configs that nobody would write: random structures, random texts, and a valid config with anything anywhere.

import fc from 'fast-check';
import { expect } from 'vitest';
import { isRecord } from '../../src/core/is-record.ts';
import { resolveText } from '../config/resolve-text.ts';

export const VALID = {
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
export function pathsInto(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsInto(inner, [...path, key]))];
}

export function replaceAt(value: unknown, path: readonly string[], replacement: unknown): unknown {
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
export const asText = (value: unknown): string => JSON.stringify(value ?? null);

/** Each gives an ecosystem or located problems, and nothing else; a third of `runs` of each kind. */
export function expectAnswers(runs: number, seed?: number): void {
  const parameters = { numRuns: Math.ceil(runs / 3), ...(seed === undefined ? {} : { seed }) };
  fc.assert(
    fc.property(junk, (value) => expectAnswer(asText(value), null)),
    parameters,
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => expectAnswer(text, null)),
    parameters,
  );
  const paths = fc.constantFrom(...pathsInto(VALID));
  const profile = fc.constantFrom(null, 'big', 'none');
  fc.assert(
    fc.property(paths, junk, profile, (path, value, chosen) => {
      expectAnswer(asText(replaceAt(VALID, path, value)), chosen);
    }),
    parameters,
  );
  // Whatever was read, no object has got anything from it.
  expect(Object.keys(Object.prototype)).toEqual([]);
}

function expectAnswer(text: string, profile: string | null): void {
  const outcome = resolveText(text, { profile });
  if (outcome.ok) {
    expect(outcome.ecosystem.apps).toBeInstanceOf(Array);
    return;
  }
  expect(outcome.problems.length).toBeGreaterThan(0);
  for (const problem of outcome.problems) {
    expect(problem.line).toBeGreaterThan(0);
    expect(problem.column).toBeGreaterThan(0);
    expect(problem.message).not.toContain('Internal error');
  }
}
