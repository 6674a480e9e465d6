import { describe, expect, test } from 'vitest';
import { makeFault } from '../../src/config/fault.ts';
import { hideValues } from '../../src/config/hide-values.ts';
import { problemsOf } from './resolve-text.ts';

describe('the values of variables', () => {
  const open = '$'.concat('{');
  const app = (text: string): string => `apps: { a: { script: a.js, ${text} } }`;

  test.each([
    ['a folder', `cwd: "${open}SECRET}"`],
    ['a part of a folder', `cwd: "/srv/${open}SECRET}/x"`],
    ['an env file', `envFile: "${open}SECRET}"`],
    ['a secret file', `env: { KEY: { file: "${open}SECRET}" } }`],
    ['a dependency', `dependsOn: ["${open}SECRET}"]`],
    ['a hook', `deploy: { before: [{ module: "${open}SECRET}" }] }`],
    ['a duration', `stop: { timeout: "${open}SECRET}" }`],
    ['a cron pattern', `restart: { schedule: "${open}SECRET}" }`],
    ['a regular expression', `ready: { on: log, pattern: "(${open}SECRET}" }`],
    ['a URL', `health: { http: "${open}SECRET}" }`],
    ['a signal', `stop: { signal: "${open}SECRET}" }`],
    ['an address', `listen: ["${open}SECRET}:x"]`],
    ['an address twice', `listen: ["./${open}SECRET}", "./${open}SECRET}"]`],
    ['a number of workers', `workers: "${open}SECRET}"`],
    ['a user', `user: "${open}SECRET}"`],
  ])('do not show in a problem with %s', (_what, text) => {
    const users = { problemOf: (user: string) => ({ message: `there is no ${user}`, hint: `is ${user} one?` }) };
    const problems = problemsOf(app(text), { users, variables: { SECRET: 'hunter2-hunter2' } });
    expect(problems).not.toEqual([]);
    expect(problems.join('\n')).not.toContain('hunter2');
    expect(problems.join('\n')).toContain(`${open}SECRET}`);
  });

  test('of which one is a part of another are hidden in whole', () => {
    const used = new Map(Object.entries({ SHORT: '/srv', LONG: '/srv/shop', DOLLARS: "$&$'" }));
    const fault = hideValues(makeFault([], "/srv/shop/a and /srv/b and $&$'", { hint: '/srv/shop' }), used);
    expect(fault).toMatchObject({
      ...{ message: `${open}LONG}/a and ${open}SHORT}/b and ${open}DOLLARS}`, hint: `${open}LONG}` },
    });
  });

  test('that are short show: ports, for example', () => {
    const text = app(`listen: ["${open}PORT}", 3000]`);
    expect(problemsOf(text, { variables: { PORT: '3000' } }).join('\n')).toContain('3000 and 3000 overlap');
  });

  test('of an env file or a secret file do not show, not even beside a NUL', () => {
    const disk = { '/shop/.env': 'KEY=hun\0ter2', '/shop/key': 'hun\0ter2' };
    const problems = problemsOf(app('envFile: .env, env: { OTHER: { file: key } }'), { disk });
    expect(problems).toEqual([
      expect.stringContaining('KEY in /shop/.env contains a NUL character'),
      expect.stringContaining('the file /shop/key contains a NUL character'),
    ]);
    expect(problems.join('\n')).not.toMatch(/hun|ter2/);
  });
});
