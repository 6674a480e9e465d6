// A config that is wrong changes nothing, and every error in it is reported at once, with its place and a hint.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import type { ConfigProblem } from '../../src/core/problem.ts';
import type { ErrorAnswer } from '../../src/protocol/control-api.ts';
import { server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, fixture } from '../support/rig.ts';
import { LONG, tiers } from '../support/tiers.ts';

const BROKEN = `name: broken
apps:
  web:
    script: ${fixture('http.mjs')}
    wrokers: 2
    listen: [3000]
    stop: { timeout: soon }
  api:
    script: missing.mjs
    listen: [3000]
    restart: { schedule: "61 * * * *" }
    env: { DB: "\${NO_SUCH_VARIABLE}" }
  a:
    script: ${fixture('http.mjs')}
    dependsOn: [b]
  b:
    script: ${fixture('http.mjs')}
    dependsOn: [a]
`;

/** What must be said, and on which line. */
const FAULTS: readonly [string, number, RegExp][] = [
  ['an unknown key, with what was probably meant', 5, /wrokers.*\n?.*workers/],
  ['a bad duration', 7, /apps\.web\.stop\.timeout/],
  ['a script that is not there', 9, /apps\.api\.script.*missing\.mjs/],
  ['a bad cron pattern', 11, /apps\.api\.restart\.schedule/],
  ['a required variable that is not set', 12, /NO_SUCH_VARIABLE/],
];

describe('check', () => {
  for (const [rows, tier] of tiers(FAULTS))
    test.each(rows)('reports %s on line %i', tier, async (_what, line, pattern) => {
      await using rig = await createRig({ configText: BROKEN });
      const { code, stderr, stdout } = await rig.cli('check');
      expect(code).toBe(2);
      const text = stderr + stdout;
      expect(text).toMatch(new RegExp(`evenkeel\\.config\\.yaml:${line}:\\d+: .*`));
      expect(text).toMatch(pattern);
    });

  test('reports all errors at once, each with its place: also two apps on one port and a dependency cycle', async () => {
    await using rig = await createRig({ configText: BROKEN });
    const { code, stderr, stdout } = await rig.cli('check');
    expect(code).toBe(2);
    const text = stderr + stdout;
    for (const [, , pattern] of FAULTS) expect(text).toMatch(pattern);
    expect(text).toMatch(/3000/);
    expect(text).toMatch(/a.*b.*a|cycle/);
  });

  test('reports text that is not YAML with its place', async () => {
    await using rig = await createRig({ configText: 'apps:\n  web: {\n' });
    const { code, stderr, stdout } = await rig.cli('check');
    expect(code).toBe(2);
    expect(stderr + stdout).toMatch(/evenkeel\.config\.yaml:\d+:\d+/);
  });

  test('reports all errors at once also where one is a value that no config can have', async () => {
    await using rig = await createRig({ configText: `${BROKEN}    stop: { timeout: 1e999 }\n` });
    const { code, stderr, stdout } = await rig.cli('check');
    expect(code).toBe(2);
    const text = stderr + stdout;
    for (const [, , pattern] of [...FAULTS, ['', 0, /apps\.b\.stop\.timeout/] as const]) expect(text).toMatch(pattern);
  });

  test('reports a log file in the state directory', async () => {
    await using rig = await createRig({
      configText: `apps:\n  web:\n    script: ${fixture('http.mjs')}\n    logs: { stdout: .evenkeel/manager.log }\n`,
    });
    const { code, stderr, stdout } = await rig.cli('check');
    expect(code).toBe(2);
    expect(stderr + stdout).toMatch(
      /evenkeel\.config\.yaml:4:21: apps\.web\.logs\.stdout: .*state directory.*\n *hint: /,
    );
  });

  test('says that there is no config, and where it looked', async () => {
    await using rig = await createRig({ configText: '', configFile: 'unrelated.txt' });
    const { code, stderr } = await rig.cli('check');
    expect(code).toBe(2);
    expect(stderr).toMatch(/evenkeel\.config/);
  });

  test('says what a config has to be called, where one has another name', async () => {
    await using rig = await createRig({ configText: '{"apps":{}}', configFile: 'evenkeel.json' });
    for (const command of ['check', 'start']) {
      const { code, stderr } = await rig.cli(command);
      expect(code).toBe(2);
      expect(stderr).toContain('did you mean evenkeel.config.json?');
    }
  });

  test('exits 0 on a good config', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    expect((await rig.cli('check')).code).toBe(0);
  });
});

test('a duration that is a small plain number is said by every command that goes by the file, and refused by none', async () => {
  await using rig = await createRig({ apps: { web: { ...server('http', await freePort()), stop: { timeout: 7 } } } });
  for (const command of ['check', 'plan', 'start', 'plan', 'reload']) {
    const { code, stdout } = await rig.cli(command);
    expect([command, code]).toEqual([command, 0]);
    expect(stdout).toContain('! apps.web.stop.timeout is 7 ms; write "7s" if seconds are meant, or "7ms" if not');
  }
});

describe('a wrong config', () => {
  test('does not start anything', LONG, async () => {
    await using rig = await createRig({ configText: BROKEN });
    expect((await rig.cli('start')).code).toBe(2);
    expect((await rig.cli('status')).code).toBe(3);
  });

  test.each(['reload', 'plan'])('makes %s exit 2 and leaves what runs untouched', async (command) => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    rig.write('evenkeel.config.yaml', BROKEN);
    const { code, stderr } = await rig.cli(command);
    expect(code).toBe(2);
    expect(stderr).toMatch(/evenkeel\.config\.yaml:5:\d+/);
    expect(await rig.pids('web')).toEqual(pids);
    expect((await rig.status()).apps).toHaveLength(1);
  });

  test('with --json is reported as data', LONG, async () => {
    await using rig = await createRig({ configText: BROKEN });
    const { code, stdout } = await rig.cli('check', '--json');
    expect(code).toBe(2);
    const document = JSON.parse(stdout) as { readonly ok: boolean; readonly problems: readonly ConfigProblem[] };
    expect(document.ok).toBe(false);
    expect(document.problems).toContainEqual(
      expect.objectContaining({ file: rig.path('evenkeel.config.yaml'), line: 7, path: 'apps.web.stop.timeout' }),
    );
    const start = await rig.cli('start', '--json');
    expect(start).toMatchObject({ code: 2, stdout: '' });
    const { error } = JSON.parse(start.stderr) as ErrorAnswer;
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.problems).toEqual(document.problems);
  });
});

describe('every form of the config', () => {
  const app = { script: 'app.mjs', workers: 1, ready: { on: 'delay', delay: '1ms' } };
  const forms: readonly [string, string][] = [
    ['evenkeel.config.json', JSON.stringify({ apps: { web: app } })],
    ['evenkeel.config.mjs', `export default { apps: { web: ${JSON.stringify(app)} } };`],
    ['evenkeel.config.cjs', `module.exports = { apps: { web: ${JSON.stringify(app)} } };`],
    [
      'evenkeel.config.ts',
      `const workers: number = 1;\nexport default { apps: { web: { ...${JSON.stringify(app)}, workers } } };`,
    ],
    ['package.json', JSON.stringify({ name: 'x', evenkeel: { apps: { web: app } } })],
  ];
  for (const [rows, tier] of tiers(forms))
    test.each(rows)('%s works', tier, async (configFile, configText) => {
      await using rig = await createRig({
        configFile,
        configText,
        files: { 'app.mjs': 'setInterval(() => {}, 60_000);' },
      });
      await rig.run('start');
      expect(await rig.app('web')).toMatchObject({ state: 'online', desired: 1 });
    });

  test('a reload sees a changed module, not the one that was loaded before', async () => {
    const config = (workers: number): string =>
      `export default { apps: { web: ${JSON.stringify({ ...app, workers })} } };`;
    await using rig = await createRig({
      configFile: 'evenkeel.config.mjs',
      configText: config(1),
      files: { 'app.mjs': 'setInterval(() => {}, 60_000);' },
    });
    await rig.run('start');
    rig.write('evenkeel.config.mjs', config(2));
    await rig.run('reload');
    expect((await rig.app('web')).desired).toBe(2);
  });
});
