// Rows 1 to 3 and 18 of the predecessors' capabilities: a script that is started without a config.
//
// @module-tag more

import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { availableCpus } from '../../../src/platform/cpus.ts';
import { definedOf } from '../../../src/platform/defined-env.ts';
import type { HistoryAnswer } from '../../../src/protocol/control-api.ts';
import { server } from '../../support/apps.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { processesOf } from '../../support/process-table.ts';
import { createRig, fixture, type Rig } from '../../support/rig.ts';
import { seenBy } from '../../support/seen-by.ts';
import { LONG } from '../../support/tiers.ts';

/** A folder with a copy of some fixtures, and no config. */
async function createFolder(...fixtures: readonly string[]): Promise<Rig> {
  const rig = await createRig({ withoutConfig: true, files: { version: '1' } });
  for (const name of [...fixtures, 'version.mjs']) copyFileSync(fixture(name), rig.path(name));
  return rig;
}

const jsonOf = (rig: Rig, file: string) => JSON.parse(rig.read(file));

describe('row 1: one script without a config', () => {
  test('row 1: that is no server needs --ready, and is told so; it stays so over init --from-running', async () => {
    await using rig = await createFolder('environment.mjs');
    rig.write('tick.js', 'setInterval(() => console.log("tick"), 100);');
    await rig.run('start', '--ready', 'delay', 'tick.js');
    expect(await rig.app('tick')).toMatchObject({ state: 'online', ready: 1 });
    await rig.run('deploy', 'tick');
    await rig.run('init', '--from-running');
    expect(rig.read('evenkeel.config.yaml')).toContain('    ready: { on: delay }\n');
    expect((await rig.run('plan')).stdout).toBe('nothing to do\n');
  });

  test('row 1: is started as a daemon, with its arguments as they are, its options and the whole environment of the caller', async () => {
    await using rig = await createFolder('environment.mjs');
    const port = await freePort();
    rig.write('sub/here', '');
    const env = {
      PORT: String(port),
      SECRET: `a$b \${HOME} $$ "q"`,
      EMPTY: '',
      'odd.name%%': 'line 1\nline 2',
      PWD: '/not/here',
    };
    const options = [
      '--workers',
      '2',
      '--name',
      'web',
      '--cwd',
      'sub',
      '--env',
      'GREETING=hello $USER',
      '--stdout',
      'out.log',
    ];
    const node = ['--node-args', "--no-warnings --title='a b'", '--node-args=--stack-trace-limit=20'];
    const rest = ['--workers', '9', '--name=x', '--', '-c', 'a b', '', '--json', '--help'];
    const child = rig.spawnCli(['start', ...options, ...node, './environment.mjs', ...rest], { env });
    const { code, stdout } = await child.ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^✓ web {2}start: generation 1 serves/)]);
    const seen = await seenBy(port);
    expect(seen.argv.slice(1)).toEqual([rig.path('environment.mjs'), ...rest]);
    expect(seen.execArgv).toEqual(['--no-warnings', '--title=a b', '--stack-trace-limit=20']);
    expect(seen.cwd).toBe(rig.path('sub'));
    expect(seen.env).toMatchObject({ ...definedOf(rig.env(env)), GREETING: 'hello $USER' });
    expect(await rig.app('web')).toMatchObject({ state: 'online', desired: 2, ready: 2, drift: false });
    expect(statSync(rig.path('.evenkeel')).mode & 0o777).toBe(0o700);
    expect(statSync(rig.path('.evenkeel/scripts.json')).mode & 0o777).toBe(0o600);
    expect(existsSync(rig.path('out.log'))).toBe(true);
  });

  test('row 1: a first -- behind the script is not passed on; what follows it is', async () => {
    await using rig = await createFolder('environment.mjs');
    const port = await freePort();
    await rig.run('start', '--env', `PORT=${port}`, 'environment.mjs', '--', '--foreground', '--');
    expect((await seenBy(port)).argv.slice(2)).toEqual(['--foreground', '--']);
  });

  test('row 1: all commands work from its folder, and from those in it', async () => {
    await using rig = await createFolder('environment.mjs');
    const port = await freePort();
    rig.write('deep/er/here', '');
    const inside = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await rig.spawnCli(args, { cwd: rig.path('deep/er') }).ended;
      expect(code, stderr).toBe(0);
      return stdout;
    };
    await rig.run('start', '--env', `PORT=${port}`, 'environment.mjs');
    expect(await inside('status')).toMatch(/environment +online +1 +1\/1/);
    expect(await inside('logs')).toBe('');
    expect(await inside('plan')).toMatch(/nothing to do/);
    expect(await inside('deploy', 'environment', '--env', 'B=2')).toMatch(/generation 2 serves/);
    expect(await inside('scale', 'environment=2')).toMatch(/workers 1 → 2/);
    expect(await inside('plan')).toMatch(
      /workers 2 → 1\n +env\.B removed\n.*there is no config, so no reload does this/,
    );
    expect(await inside('rollback', 'environment')).toMatch(/generation 3 serves/);
    expect(await inside('restart', 'environment')).toMatch(/restarted/);
    expect(await inside('history', 'environment')).toMatch(/rollback to 1/);
    await inside('stop', 'environment');
    expect(await inside('start')).toMatch(
      /environment runs what the rollback to 1 left, not what its first start said/,
    );
    expect(await inside('events')).toMatch(/deploy/);
    expect(await inside('check')).toMatch(/is valid: 1 app \(environment\)/);
    expect(await inside('stop')).toMatch(/stopped/);
    expect((await rig.cli('status')).code).toBe(3);
  });

  test('row 1: a second script is a second app; one of the same name is refused, and told of deploy', async () => {
    await using rig = await createFolder('environment.mjs', 'http.mjs');
    const [first, second, third] = [await freePort(), await freePort(), await freePort()];
    await rig.run('start', '--env', `PORT=${first}`, 'environment.mjs');
    await rig.run('start', '--env', `PORT=${second}`, 'http.mjs');
    expect((await rig.status()).apps).toMatchObject([
      { name: 'environment', ready: 1 },
      { name: 'http', ready: 1 },
    ]);
    const before = rig.read('.evenkeel/scripts.json');
    const refused = await rig.cli('start', '--workers', '5', '--env', 'PORT=1', './environment.mjs', 'again');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/environment runs already.*\n.*`evenkeel deploy environment`.*--name environment-2/);
    expect(rig.read('.evenkeel/scripts.json')).toBe(before);
    expect((await seenBy(first)).argv).toHaveLength(2);
    await rig.run('start', '--name', 'environment-2', '--env', `PORT=${third}`, 'environment.mjs');
    await rig.run('stop', 'environment-2');
    await rig.run('start', '--name', 'environment-2', '--env', `PORT=${third}`, 'environment.mjs', 'now');
    expect((await seenBy(third)).argv.slice(2)).toEqual(['now']);
    expect((await rig.status()).apps).toHaveLength(3);
  });

  test(
    'row 1: what was started anew has its own settings, not those that scale and deploy made of the old one',
    LONG,
    async () => {
      await using rig = await createFolder('environment.mjs');
      const port = await freePort();
      await rig.run('start', '--env', `PORT=${port}`, 'environment.mjs');
      await rig.run('deploy', 'environment', '--env', 'OLD=1', '--workers', '3');
      await rig.run('stop', 'environment');
      await rig.run('start', '--env', `PORT=${port}`, 'environment.mjs');
      expect(await rig.app('environment')).toMatchObject({ desired: 1, drift: false });
      expect((await seenBy(port)).env).not.toHaveProperty('OLD');
    },
  );

  test('row 1: of many starts at once one wins, and those of other names all do', LONG, async () => {
    await using rig = await createFolder('http.mjs');
    const ports = [await freePort(), await freePort(), await freePort()];
    const start = (name: string, port: number | undefined) =>
      rig.cli('start', '--name', name, '--env', `PORT=${port}`, 'http.mjs');
    const same = Promise.all(Array.from({ length: 6 }, () => start('one', ports[0])));
    const others = Promise.all([start('two', ports[1]), start('three', ports[2])]);
    const codes = (await same).map(({ code }) => code).sort();
    expect(codes).toEqual([0, 1, 1, 1, 1, 1]);
    for (const { stderr } of (await same).filter(({ code }) => code === 1))
      expect(stderr).toMatch(/one (runs already|is just)/);
    expect((await others).map(({ code }) => code)).toEqual([0, 0]);
    const { apps } = await rig.status();
    expect(apps.map(({ name, ready, generation }) => [name, ready, generation]).sort()).toEqual([
      ['one', 1, 1],
      ['three', 1, 1],
      ['two', 1, 1],
    ]);
  });
});

describe('a folder with a config', () => {
  test('starts no script of its own: exit 2, and nothing is started', async () => {
    await using rig = await createRig({ files: { 'server.mjs': '' } });
    const { code, stderr } = await rig.cli('start', 'server.mjs');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/evenkeel\.config\.yaml says what runs in this folder/)]);
    expect(existsSync(rig.path('.evenkeel'))).toBe(false);
  });

  test('further up is said to have no part in a script', async () => {
    await using rig = await createRig({ files: { 'tools/a': '' } });
    copyFileSync(fixture('worker.mjs'), rig.path('tools/worker.mjs'));
    const port = await freePort();
    copyFileSync(fixture('http.mjs'), rig.path('tools/http.mjs'));
    copyFileSync(fixture('version.mjs'), rig.path('tools/version.mjs'));
    const cwd = rig.path('tools');
    const started = await rig.spawnCli(['start', '--env', `PORT=${port}`, '--env', 'VERSION=1', 'http.mjs'], { cwd })
      .ended;
    expect([started.code, started.stderr]).toEqual([
      0,
      expect.stringContaining(`${rig.path('evenkeel.config.yaml')} has no part`),
    ]);
    expect((await rig.cli('status')).code).toBe(3);
    expect((await rig.spawnCli(['stop'], { cwd }).ended).code).toBe(0);
  });

  test('may have an app with a dot in its name', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { 'web.v2': { script: fixture('http.mjs'), env: { PORT: port, VERSION: '1' } } },
    });
    await rig.run('start', 'web.v2');
    expect(await rig.app('web.v2')).toMatchObject({ state: 'online' });
  });
});

describe('row 2: start', () => {
  test('row 2: returns when the script is ready; a boot failure exits 1 with the last lines of the worker', async () => {
    await using rig = await createFolder('http.mjs');
    copyFileSync(fixture('throws-at-boot.mjs'), rig.path('server.mjs'));
    const port = await freePort();
    const failed = await rig.cli('start', '--env', `PORT=${port}`, 'server.mjs');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/exited with code 1 before it was ready/);
    expect(failed.stderr).toMatch(/reading the settings/);
    expect(failed.stderr).toMatch(/settings\.json has no key "database"/);
    // It goes on trying; but a start of the same name takes its place.
    const again = await rig.cli('start', '--name', 'server', '--workers', '2', '--env', `PORT=${port}`, 'http.mjs');
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/start: generation \d+ serves/)]);
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(await answer.json()).toMatchObject({ version: '1' });
    expect(await rig.app('server')).toMatchObject({ state: 'online', ready: 2 });
  });

  test('row 2: in the foreground a boot failure exits 1 too, and leaves nothing behind', async () => {
    await using rig = await createFolder();
    copyFileSync(fixture('throws-at-boot.mjs'), rig.path('server.mjs'));
    const { code, stderr } = await rig.cli('start', '--foreground', 'server.mjs');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/settings\.json has no key "database"/)]);
    expect(processesOf(rig.dir)).toEqual([]);
  });

  test('row 2: in the foreground it stays until it is told to end, and stops the script then', async () => {
    await using rig = await createFolder('http.mjs');
    const port = await freePort();
    const child = rig.spawnCli(['start', '--foreground', '--env', `PORT=${port}`, 'http.mjs', '--foreground']);
    await child.waitForLine(/✓ http +start: generation 1 serves/);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ version: '1' });
    const second = await rig.cli('start', '--foreground', '--name', 'other', 'http.mjs');
    expect([second.code, second.stderr]).toEqual([1, expect.stringMatching(/a manager runs already/)]);
    child.kill('SIGINT');
    expect((await child.ended).code).toBe(0);
    expect(processesOf(rig.dir)).toEqual([]);
  });
});

describe('row 3: a second start', () => {
  test('row 3: is detected, with a manager and without one; a plain start adopts what runs', async () => {
    await using rig = await createFolder('http.mjs');
    const port = await freePort();
    const start = ['start', '--env', `PORT=${port}`, 'http.mjs'] as const;
    await rig.run(...start);
    const pids = await rig.pids('http');
    expect(await rig.cli(...start)).toMatchObject({ code: 1, stderr: expect.stringMatching(/http runs already/) });
    await rig.kill9((await rig.status()).manager.pid);
    const orphaned = await rig.cli(...start);
    expect([orphaned.code, orphaned.stderr]).toEqual([
      1,
      expect.stringMatching(/no manager looks after it\n.*`evenkeel start`/),
    ]);
    await rig.run('start');
    expect(await rig.pids('http')).toEqual(pids);
  });

  test(
    "row 3: after a power cut stale sockets, pid files and locks are in nobody's way, and all is as it was",
    LONG,
    async () => {
      await using rig = await createFolder('environment.mjs', 'http.mjs');
      const [first, second] = [await freePort(), await freePort()];
      await rig.spawnCli(['start', '--workers', '2', 'environment.mjs', '-v'], {
        env: { PORT: String(first), TOKEN: 'of the first shell' },
      }).ended;
      await rig.run('start', '--env', `PORT=${second}`, 'http.mjs');
      await rig.cutPower();
      expect((await rig.cli('status')).code).toBe(3);
      expect(existsSync(rig.path('.evenkeel/manager.pid'))).toBe(true);
      // Another shell, with nothing of the first one in its environment.
      await rig.run('start');
      const seen = await seenBy(first);
      expect([seen.argv.slice(2), seen.env.TOKEN]).toEqual([['-v'], 'of the first shell']);
      expect((await rig.status()).apps).toMatchObject([
        { name: 'environment', ready: 2 },
        { name: 'http', ready: 1 },
      ]);
      await rig.cutPower();
      // The line of a boot script, said again: that one starts as it says now, the other comes back as it was.
      await rig.run('start', '--env', `PORT=${first}`, 'environment.mjs');
      await rig.appWhere('http', 'is back', ({ ready }) => ready === 1);
      expect(await rig.app('environment')).toMatchObject({ desired: 1, ready: 1 });
      expect((await seenBy(first)).argv).toHaveLength(2);
      // One that was stopped by name is not brought back by the start of everything.
      await rig.run('stop', 'http');
      await rig.cutPower();
      expect((await rig.run('start')).stdout).toMatch(/! http stays stopped: it was stopped by name/);
      expect([(await rig.app('http')).state, (await rig.app('environment')).ready]).toEqual(['stopped', 1]);
    },
  );

  test('row 3: a script that is gone keeps no other from coming back', LONG, async () => {
    await using rig = await createFolder('environment.mjs', 'http.mjs');
    const [first, second] = [await freePort(), await freePort()];
    await rig.run('start', '--env', `PORT=${first}`, 'environment.mjs');
    await rig.run('start', '--env', `PORT=${second}`, 'http.mjs');
    await rig.run('stop');
    rmSync(rig.path('environment.mjs'));
    const { code, stderr } = await rig.cli('start');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/environment\.mjs does not exist/)]);
    expect(await rig.app('http')).toMatchObject({ state: 'online' });
  });

  test('row 3: one that is refused leaves what was noted as it was', LONG, async () => {
    await using rig = await createFolder('http.mjs');
    const port = await freePort();
    await rig.run('start', '--stdout', 'shared.log', '--env', `PORT=${port}`, 'http.mjs');
    const before = rig.read('.evenkeel/scripts.json');
    const { code, stderr } = await rig.cli('start', '--name', 'b', '--stdout', 'shared.log', 'http.mjs');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/b cannot be started so: option '--stdout': http writes to/),
    ]);
    expect(jsonOf(rig, '.evenkeel/scripts.json')).toEqual(JSON.parse(before));
    // Nor does a file that is no use keep anybody from starting.
    await rig.run('stop');
    writeFileSync(rig.path('.evenkeel/scripts.json'), '{"half": ');
    expect((await rig.cli('start')).stderr).toMatch(/not what `evenkeel start SCRIPT` writes/);
    await rig.run('start', '--env', `PORT=${port}`, 'http.mjs');
  });
});

describe('row 18: the number of workers is computed', () => {
  test.each([
    ['max', availableCpus()],
    ['max-1', Math.max(1, availableCpus() - 1)],
    ['50%', Math.max(1, Math.floor(availableCpus() / 2))],
  ])('row 18: start --workers %s, and deploy', LONG, async (workers, expected) => {
    await using rig = await createFolder('http.mjs');
    const port = await freePort();
    await rig.run('start', '--workers', workers, '--env', `PORT=${port}`, 'http.mjs');
    expect(await rig.app('http')).toMatchObject({ desired: expected, ready: expected });
    await rig.run('deploy', 'http', '--workers', '3');
    expect(await rig.app('http')).toMatchObject({ desired: 3 });
    await rig.run('deploy', 'http', '--workers', workers);
    expect(await rig.app('http')).toMatchObject({ desired: expected, drift: false });
  });

  test('row 18: by a JavaScript config', async () => {
    const port = await freePort();
    await using rig = await createRig({
      configFile: 'evenkeel.config.mjs',
      configText: `
        const workers = () => 1 + 2;
        export default () => ({ apps: { web: { script: ${JSON.stringify(fixture('http.mjs'))}, workers: workers(), env: { PORT: ${port}, VERSION: 1 } } } });
      `,
    });
    await rig.run('start');
    expect(await rig.app('web')).toMatchObject({ desired: 3, ready: 3 });
  });
});

describe('stop --forget', () => {
  test('is rid of a script: no start brings it back, and its name is free', LONG, async () => {
    await using rig = await createFolder('http.mjs');
    const start = async (name: string) =>
      rig.run('start', '--env', `PORT=${await freePort()}`, '--name', name, 'http.mjs');
    await start('web');
    await start('api');
    expect((await rig.run('stop', 'web', '--forget')).stdout).toMatch(/^✓ web +stop: stopped; forgotten /);
    expect((await rig.status()).apps.map(({ name }) => name)).toEqual(['api']);
    expect((await rig.cli('stop', 'web', '--forget')).code).toBe(2);
    await rig.run('stop');
    await rig.run('start');
    expect((await rig.status()).apps.map(({ name }) => name)).toEqual(['api']);
    await start('web');
    await rig.kill9((await rig.status()).manager.pid);
    const { code, stderr } = await rig.cli('stop', 'api', '--forget');
    expect([code, stderr]).toEqual([3, expect.stringContaining('2 apps run on without one')]);
    await rig.run('start');
    await rig.run('stop');
    expect(JSON.parse((await rig.run('stop', 'web', '--forget', '--json')).stdout)).toMatchObject({
      ...{ ok: true, apps: [{ app: 'web', action: 'stop', message: 'forgotten' }] },
    });
    await rig.run('start');
    expect((await rig.status()).apps.map(({ name }) => name)).toEqual(['api']);
  });

  test('says of a config that the app is taken out there', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const { code, stderr } = await rig.cli('stop', 'web', '--forget');
    expect(code).toBe(2);
    expect(stderr).toMatch(/says which apps there are\nhint: Take the app out of it, then `evenkeel reload`/);
  });
});

describe('from a script to a config', () => {
  test('reload says that there is no config', async () => {
    await using rig = await createFolder('http.mjs');
    await rig.run('start', '--env', `PORT=${await freePort()}`, 'http.mjs');
    const { code, stderr } = await rig.cli('reload');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/no config to reload.*\n.*`evenkeel deploy http`.*init --from-running/),
    ]);
    expect(stderr.match(/no config to reload/g)).toHaveLength(1);
    const events = await rig.events();
    process.kill((await rig.status()).manager.pid, 'SIGHUP');
    expect(await events.waitFor('reload-refused')).toMatchObject({ reason: expect.stringMatching(/no config/) });
    expect(await events.waitFor('reload-finished')).toMatchObject({ ok: false, changes: 0 });
    await eventually('manager.out says why', () =>
      rig.read('.evenkeel/manager.out').includes('SIGHUP: there is no config to reload'),
    );
  });

  test('init --from-running describes what runs, and a reload with it changes nothing', async () => {
    await using rig = await createFolder('environment.mjs');
    const port = await freePort();
    rig.write('sub/here', '');
    const shell = { PORT: String(port), TOKEN: 'hunter2' };
    const options = [
      '--workers',
      'max',
      '--cwd',
      'sub',
      '--env',
      'A=1',
      '--env',
      `B=b $c \${D}`,
      '--max-log-size',
      '5M',
      '--stderr',
      '/dev/null',
    ];
    await rig.spawnCli(['start', ...options, '--node-args', '--no-warnings', 'environment.mjs', '-v', 'true'], {
      env: shell,
    }).ended;
    await rig.run('deploy', 'environment', '--env', 'A=2', '--env', 'C=3', '--unset-env', 'TOKEN');
    const before = await rig.app('environment');
    const { stdout } = await rig.run('init', '--from-running');
    expect(stdout).toMatch(/written for environment\.[\s\S]*would change with it:\nnothing to do/);
    const text = rig.read('evenkeel.config.yaml');
    expect(text).not.toContain('hunter2');
    expect(text).toContain('workers: max');
    expect((await rig.run('check')).stdout).toMatch(/evenkeel\.config\.yaml is valid: 1 app/);
    expect((await rig.run('plan')).stdout).toBe('nothing to do\n');
    expect((await rig.run('reload')).stdout).toBe('nothing to do\n');
    const after = await rig.app('environment');
    expect(after.workers.map(({ pid }) => pid)).toEqual(before.workers.map(({ pid }) => pid));
    expect(after).toMatchObject({ generation: 2, drift: false });
    // From now on it is the config that counts, also for the next manager.
    await rig.kill9((await rig.status()).manager.pid);
    await rig.run('start');
    expect((await rig.status()).manager.config).toBe(rig.path('evenkeel.config.yaml'));
    expect(await rig.pids('environment')).toEqual(after.workers.map(({ pid }) => pid));
    expect((await rig.cli('start', 'environment.mjs')).code).toBe(2);
  });

  test('init --from-running --show-env writes all values, and so depends on no shell', LONG, async () => {
    await using rig = await createFolder('environment.mjs');
    const shell = { PORT: String(await freePort()), TOKEN: 'hunter2', ODD: ` #: "'\\\n\${X}\u0085é` };
    await rig.spawnCli(['start', 'environment.mjs'], { env: shell }).ended;
    const { stdout } = await rig.run('init', '--from-running', '--show-env');
    expect(stdout).toMatch(/every value of env[\s\S]*\nnothing to do/);
    expect(statSync(rig.path('evenkeel.config.yaml')).mode & 0o777).toBe(0o600);
    await rig.run('stop');
    await rig.run('start');
    expect((await seenBy(Number(shell.PORT))).env).toMatchObject(shell);
  });

  test(
    'what the config inherits is what the shell of the manager has, and plan says what that changes',
    LONG,
    async () => {
      await using rig = await createFolder('environment.mjs', 'http.mjs');
      const [first, second] = [await freePort(), await freePort()];
      await rig.spawnCli(['start', 'environment.mjs'], { env: { PORT: String(first) } }).ended;
      await rig.spawnCli(['start', 'http.mjs'], { env: { PORT: String(second), ONLY_HERE: 'x' } }).ended;
      await rig.run('stop', 'environment');
      const { stdout } = await rig.run('init', '--from-running');
      expect(stdout).toMatch(/written for http\.\nLeft out, for it does not run: environment\./);
      expect(stdout).toMatch(/~ http +deploy +env\.PORT changed\n +env\.ONLY_HERE removed/);
      expect(stdout).not.toContain(String(second));
    },
  );

  test('init writes no starter config over what runs', LONG, async () => {
    await using rig = await createFolder('http.mjs');
    await rig.run('start', '--env', `PORT=${await freePort()}`, 'http.mjs');
    expect(await rig.cli('init')).toMatchObject({ code: 2, stderr: expect.stringMatching(/init --from-running/) });
    await rig.run('stop');
    expect(await rig.cli('init', '--from-running')).toMatchObject({ code: 3 });
    await rig.run('init');
    expect(await rig.cli('init', '--from-running')).toMatchObject({ code: 3 });
  });

  test('values of env are in no answer unless they are asked for', LONG, async () => {
    await using rig = await createFolder('http.mjs');
    const shell = { PORT: String(await freePort()), TOKEN: 'hunter2' };
    await rig.spawnCli(['start', '--env', 'KEY=hunter3', 'http.mjs'], { env: shell }).ended;
    await rig.run('deploy', 'http', '--env', 'KEY=hunter4', '--shell-env');
    const said = ['status', 'plan', 'history', 'events'].map((command) =>
      rig.cli(command, ...(command === 'history' ? ['http'] : []), '--json'),
    );
    for (const { stdout, stderr } of await Promise.all(said)) expect(stdout + stderr).not.toMatch(/hunter/);
    expect(readFileSync(rig.state.managerLog, 'utf8')).not.toMatch(/hunter/);
    const { generations } = await rig.json<HistoryAnswer>('history', 'http');
    expect(generations.at(-1)?.reason).toBe('deploy --shell-env --env KEY');
  });
});
