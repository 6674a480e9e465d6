import { describe, expect, test } from 'vitest';
import { ecosystemOf } from './resolve-text.ts';

const noticesOf = (keys: string): readonly string[] | undefined =>
  ecosystemOf(`apps: { web: { script: a.js, ${keys} } }`).notices;

describe('a plain number below 100 for a duration is a notice', () => {
  test.each([
    ['stop: { timeout: 5 }', 'stop.timeout', 5],
    ['ready: { timeout: 99 }', 'ready.timeout', 99],
    ['ready: { on: delay, delay: 1 }', 'ready.delay', 1],
    ['health: { http: /up, interval: 10 }', 'health.interval', 10],
    ['deploy: { settle: 2 }', 'deploy.settle', 2],
  ])('%s', (keys, key, value) => {
    expect(noticesOf(keys)).toEqual([
      `apps.web.${key} is ${value} ms; write "${value}s" if seconds are meant, or "${value}ms" if not`,
    ]);
  });

  test.each([
    'stop: { timeout: 5ms }',
    'stop: { timeout: 5s }',
    'stop: { timeout: 0 }',
    'stop: { timeout: 100 }',
    'restart: { limit: 5 }, workers: 2, health: null, env: { timeout: 5 }',
  ])('but not %s', (keys) => expect(noticesOf(keys)).toBeUndefined());

  test('which keeps its meaning', () => {
    expect(ecosystemOf('apps: { web: { script: a.js, stop: { timeout: 5 } } }').apps[0]?.stop.timeout).toBe(5);
  });

  test('once where it is in the defaults, by the name that it has in the file', () => {
    const text = `defaults: { stop: { timeout: 5 } }
profiles: { p: { apps: { b: { stop: { timeout: 7 } } } } }
apps: { a: { script: a.js }, b: { script: b.js } }`;
    const keys = (profile: string | null) =>
      ecosystemOf(text, { profile }).notices?.map((notice) => notice.split(' is ')[0]);
    expect(keys(null)).toEqual(['defaults.stop.timeout']);
    expect(keys('p')).toEqual(['defaults.stop.timeout', 'profiles.p.apps.b.stop.timeout']);
  });
});
