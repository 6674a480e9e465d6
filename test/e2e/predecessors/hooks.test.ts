// Row 19 of the predecessors' capabilities: hooks before and after a deploy, and before every fork.
//
// @module-tag more

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OperationResult } from '../../../src/protocol/control-api.ts';
import { puppet, server } from '../../support/apps.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { isAlive, processesOf } from '../../support/process-table.ts';
import { type AppConfig, createRig, fixture, type Rig } from '../../support/rig.ts';
import { seenBy } from '../../support/seen-by.ts';
import { LONG } from '../../support/tiers.ts';

interface Scene {
  readonly rig: Rig;
  readonly port: number;
}

/** One worker that runs; then the hooks are there. The rig ends with the test. */
async function running(hooks: AppConfig, files: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const port = await freePort();
  const rig = await createRig({
    apps: { web: server('environment', port, { workers: 1, cwd: 'app' }) },
    files: { 'app/readme.txt': '', ...files },
  });
  await rig.run('start');
  rig.editApp('web', { deploy: { settle: '50ms', ...hooks } });
  await rig.run('reload');
  return { rig, port };
}

const node = (code: string): readonly string[] => ['node', '-e', code];

async function expectVeto({ rig, port }: Scene, code: number, reason: RegExp): Promise<string> {
  const before = await seenBy(port);
  const result = await rig.cli('deploy', 'web', '--env', 'COLOUR=red');
  expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(reason)]);
  expect(await seenBy(port)).toEqual(before);
  const app = await rig.app('web');
  expect(app).toMatchObject({ state: 'online', generation: 1, drift: false, deploy: null });
  expect(app.lastDeploy).toMatchObject({ generation: 2, outcome: code === 4 ? 'timed-out' : 'failed' });
  return result.stderr;
}

describe('row 19: a hook before a deploy', () => {
  test('row 19: that exits with 3 vetoes it; the reason and its output are in the result', async () => {
    const scene = await running({
      before: [
        node('console.log("looking"); console.error("table orders is locked"); process.exit(3)'),
        node('console.log("never")'),
      ],
    });
    const said = await expectVeto(scene, 1, /hook deploy\.before\[\d\] exited with code 3/);
    expect(said).toMatch(/the hooks wrote:\n {4}looking\n {4}table orders is locked/);
    expect(said).not.toMatch(/^ {4}never/m);
    const { rig } = scene;
    const result = JSON.parse((await rig.cli('deploy', 'web', '--json')).stdout) as OperationResult;
    expect(result.apps[0]?.deploy).toMatchObject({
      outcome: 'failed',
      hookOutput: ['looking', 'table orders is locked'],
      afterFailure: null,
    });
  });

  test('row 19: that throws vetoes it', LONG, async () => {
    const scene = await running(
      { before: [{ module: 'hook.mjs' }] },
      { 'hook.mjs': 'export default () => { throw new Error("not on a Friday"); };' },
    );
    await expectVeto(scene, 1, /hook deploy\.before\[\d\] exited with code 1[\s\S]*not on a Friday/);
  });

  test('row 19: that hangs has until deploy.timeout, and is killed with all that it started', async () => {
    const scene = await running({
      before: [['sh', '-c', 'sleep 600 & echo $! > ../sleeper; wait']],
      timeout: '1500ms',
    });
    await expectVeto(scene, 4, /hook deploy\.before\[\d\] was still running/);
    const sleeper = Number(scene.rig.read('sleeper'));
    await eventually('what it started is gone', () => !isAlive(sleeper));
  });

  test('row 19: that prints 10 MB changes nothing but what it says last', LONG, async () => {
    const scene = await running({
      before: [node('for (let n = 1; n <= 100000; n++) console.log(String(n).padEnd(100, ".")); process.exitCode = 1')],
    });
    const said = await expectVeto(scene, 1, /exited with code 1/);
    expect(said).toMatch(/ {4}99999\.+\n {4}100000\.+\n/);
    expect(readFileSync(scene.rig.state.managerLog, 'utf8').match(/hook-output/g)?.length).toBe(500);
    const { stdout } = await scene.rig.cli('deploy', 'web', '--json');
    expect((JSON.parse(stdout) as OperationResult).apps[0]?.deploy?.hookOutput).toHaveLength(200);
  });

  test('row 19: that passes is run in the folder, environment and for the generation of the app', async () => {
    const { rig } = await running({
      before: [
        node(
          'console.log(process.cwd(), process.env.COLOUR, process.env.EVENKEEL_APP, process.env.EVENKEEL_GENERATION)',
        ),
      ],
    });
    const { stderr } = await rig.run('deploy', 'web', '--env', 'COLOUR=red');
    expect(stderr).toContain(`${rig.path('app')} red web 2`);
  });

  test('row 19: that is a module may name another release, to which the generation is pinned', async () => {
    const files = {
      'releases/1/server.mjs': `import '${fixture('environment.mjs')}';`,
      'releases/2/server.mjs': `import '${fixture('environment.mjs')}';`,
      'hook.mjs': `
        import { readFileSync } from 'node:fs';
        export default ({ app, generation, script, cwd }) => {
          console.log([app, generation, script, cwd].join(' '));
          return { cwd: '../releases/' + readFileSync('../head', 'utf8'), script: 'server.mjs' };
        };`,
      head: '1',
    };
    const { rig, port } = await running({ before: [{ module: 'hook.mjs' }] }, files);
    const place = async () => {
      const { cwd, argv } = await seenBy(port);
      return [cwd, argv[1]];
    };
    const release = (number: number) => [rig.path(`releases/${number}`), rig.path(`releases/${number}/server.mjs`)];
    const { stderr } = await rig.run('deploy', 'web');
    expect(stderr).toContain(`web 2 ${fixture('environment.mjs')} ${rig.path('app')}`);
    expect(await place()).toEqual(release(1));
    rig.write('head', '2');
    const [pid] = await rig.pids('web');
    await rig.kill9(pid ?? 0);
    await rig.appWhere('web', 'has another worker', ({ ready, workers }) => ready === 1 && workers[0]?.pid !== pid);
    expect(await place()).toEqual(release(1));
    // The file says what it said before: there is nothing that a reload could change.
    expect((await rig.run('plan')).stdout).toBe('nothing to do\n');
    await rig.run('deploy', 'web');
    expect(await place()).toEqual(release(2));
    await rig.run('rollback', 'web');
    expect(await place()).toEqual(release(1));
  });
});

describe('row 19: a hook after a deploy', () => {
  test.each([
    ['exits with 3', node('console.log("no such channel"); process.exit(3)'), '5s', /exited with code 3/],
    ['hangs', node('setInterval(() => {}, 60000)'), '2500ms', /was ended by SIGKILL: it took longer than 2\.5 s/],
  ])('row 19: that %s is reported, and the deploy stays done', LONG, async (_, after, timeout, reason) => {
    const { rig, port } = await running({ after: [after], timeout });
    const { stdout } = await rig.run('deploy', 'web', '--env', 'COLOUR=red', '--json');
    const [result] = (JSON.parse(stdout) as OperationResult).apps;
    expect(result).toMatchObject({ ok: true, message: expect.stringMatching(/^generation 2 serves; but then hook/) });
    expect(result?.deploy).toMatchObject({ outcome: 'done', afterFailure: expect.stringMatching(reason) });
    expect((await seenBy(port)).env.COLOUR).toBe('red');
    expect(processesOf(rig.dir).filter(({ command }) => command.includes('setInterval'))).toEqual([]);
  });
});

test('row 19: a hook after a deploy is ended by Ctrl-C, and the deploy stays done', async () => {
  const { rig } = await running({ after: [node('console.log("at it"); setInterval(() => {}, 60000)')] });
  const deploy = rig.spawnCli(['deploy', 'web']);
  await deploy.waitForLine(/at it/, 'stderr');
  deploy.kill('SIGINT');
  const { code, stdout } = await deploy.ended;
  expect(stdout).toMatch(/generation 2 serves; but then hook/);
  expect([code, (await rig.app('web')).generation]).toEqual([0, 2]);
  expect(processesOf(rig.dir).filter(({ command }) => command.includes('setInterval'))).toEqual([]);
});

describe('row 19: hooks.beforeFork', () => {
  const note = node(`
    const { EVENKEEL_WORKER, EVENKEEL_GENERATION, VERSION } = process.env;
    require('node:fs').writeFileSync('../forks/' + [EVENKEEL_GENERATION, EVENKEEL_WORKER, VERSION, Date.now()].join('-'), '');
  `);
  const forks = (rig: Rig) =>
    readdirSync(rig.path('forks'))
      .map((name) => name.split('-').slice(0, 3).join('-'))
      .sort();

  test('row 19: run before every fork: at the start, at a deploy, after a crash and when scaling up', async () => {
    const port = await freePort();
    const web = server('http', port, { workers: 2, cwd: 'app', hooks: { beforeFork: [note] } });
    await using rig = await createRig({ apps: { web }, files: { 'app/readme.txt': '', 'forks/.keep': '' } });
    await rig.run('start');
    expect(forks(rig)).toEqual(['.keep', '1-0-1', '1-1-1']);
    const load = rig.load({ port, clients: 4 });
    await load.more(20);
    await rig.run('deploy', 'web', '--env', 'VERSION=2');
    await load.sees('2');
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    const [pid] = await rig.pids('web');
    await rig.kill9(pid ?? 0);
    await rig.appWhere('web', 'is online again', ({ ready, workers }) => ready === 2 && workers[0]?.pid !== pid);
    await rig.run('scale', 'web=3');
    expect(forks(rig)).toEqual(['.keep', '1-0-1', '1-1-1', '2-0-2', '2-0-2', '2-1-2', '2-2-2']);
    // A change is live: no worker is touched, the next one has it.
    const before = await rig.pids('web');
    rig.editApp('web', { workers: 3, hooks: undefined, env: { PORT: port, VERSION: '2' } });
    expect((await rig.run('reload')).stdout).toMatch(/hooks\.beforeFork/);
    expect(await rig.pids('web')).toEqual(before);
    await rig.run('scale', 'web=4');
    expect(forks(rig)).toHaveLength(7);
  });

  test('row 19: one that fails keeps its worker from starting: a start and a deploy fail with its reason and its last lines', async () => {
    const port = await freePort();
    const hook = node(
      `console.log('no licence for ' + process.env.EVENKEEL_WORKER); process.exit(process.env.VERSION === '2' ? 3 : 0)`,
    );
    await using rig = await createRig({
      apps: { web: server('http', port, { workers: 1, hooks: { beforeFork: [hook] } }) },
    });
    await rig.run('start');
    const { code, stderr } = await rig.cli('deploy', 'web', '--env', 'VERSION=2');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/worker 0 could not be started: hook hooks\.beforeFork\[0\] exited with code 3/),
    ]);
    expect(stderr).toMatch(/worker 0 wrote last:\n {4}no licence for 0/);
    expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 1, ready: 1 });
    rig.editEnv('web', { VERSION: '2' });
    await rig.run('stop', 'web');
    expect((await rig.cli('start', 'web')).code).toBe(1);
    // It goes on trying; a hook that lets it pass is enough.
    rig.editApp('web', { hooks: { beforeFork: [node('0')] } });
    await rig.run('reload');
    await rig.appWhere('web', 'is online', ({ state }) => state === 'online');
  });

  test(
    'row 19: one that hangs has until ready.timeout, and is killed; stop and abort end it at once',
    LONG,
    async () => {
      const hang = ['sh', '-c', 'echo waiting for a lock; exec sleep 600'];
      const env = { PORT: await freePort() };
      await using rig = await createRig({ apps: { web: puppet({ env }) } });
      await rig.run('start');
      const old = await rig.puppets.next();
      rig.editApp('web', { hooks: { beforeFork: [hang] }, ready: { on: 'listening', timeout: '3s' } });
      await rig.run('reload');
      const { code, stderr } = await rig.cli('deploy', 'web');
      expect([code, stderr]).toEqual([4, expect.stringMatching(/worker 0 was not ready within 3 s/)]);
      expect(stderr).toMatch(/waiting for a lock\n {4}\(hook hooks\.beforeFork\[0\] is still running\)/);
      rig.editApp('web', { ready: { on: 'listening', timeout: '60s' } });
      await rig.run('reload');
      const deploy = rig.spawnCli(['deploy', 'web']);
      await rig.appWhere('web', 'boots', ({ deploy }) => deploy?.phase === 'booting');
      await rig.run('abort', 'web');
      expect((await deploy.ended).code).toBe(1);
      expect(old.isRunning).toBe(true);
      await rig.kill9(old.pid);
      await rig.appWhere('web', 'tries to start a worker', ({ workers }) => workers[0]?.state === 'booting');
      expect(await rig.app('web')).toMatchObject({ workers: [{ pid: null, slot: 0 }] });
      await rig.run('stop', 'web');
      await eventually('no hook is left', () =>
        processesOf(rig.dir).every(({ command }) => !command.includes('sleep 600')),
      );
    },
  );

  test('row 19: a module hook gets the slot and the pinned release, and may not change it', LONG, async () => {
    const files = {
      'ok.mjs': `export default ({ slot, generation, cwd, script }) => console.log(JSON.stringify({ slot, generation, cwd, script }));`,
      'rewrite.cjs': `module.exports = () => ({ cwd: '/' });`,
    };
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('http', port, { workers: 1, hooks: { beforeFork: [{ module: 'ok.mjs' }] } }) },
      files,
    });
    const { stderr } = await rig.run('start');
    expect(stderr).toContain(JSON.stringify({ slot: 0, generation: 1, cwd: rig.dir, script: fixture('http.mjs') }));
    rig.editApp('web', { hooks: { beforeFork: [{ module: 'rewrite.cjs' }] } });
    await rig.run('reload');
    const { code, stderr: said } = await rig.cli('deploy', 'web');
    expect([code, said]).toEqual([1, expect.stringMatching(/only a hook of deploy\.before may/)]);
  });
});

describe('row 19: a hook that fails before a start', () => {
  const vetoed: AppConfig = {
    restart: { minDelay: '300ms', maxDelay: '300ms' },
    deploy: { before: [node('process.exit(require("node:fs").existsSync("veto") ? 3 : 0)')] },
  };

  test('row 19: the app is tried again until the hook passes', async () => {
    await using rig = await createRig({
      apps: { web: server('environment', await freePort(), { workers: 1, ...vetoed }) },
      files: { veto: '' },
    });
    const { code, stderr } = await rig.cli('start');
    expect([code, stderr]).toEqual([1, expect.stringContaining('hook deploy.before[0] exited with code 3')]);
    await rig.appWhere(
      'web',
      'waits',
      ({ state, problem }) => state === 'backoff' && problem?.startsWith('hook deploy.before[0] exited') === true,
    );
    rmSync(rig.path('veto'));
    await rig.appWhere('web', 'is online', ({ state }) => state === 'online');
  });

  test('row 19: of a restart that is to bring a change: what ran before runs again', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('environment', port, { workers: 1, ...vetoed }) } });
    await rig.run('start');
    rig.editApp('web', { balance: 'round-robin' });
    await rig.run('reload');
    rig.write('veto', '');
    const { code, stderr } = await rig.cli('restart', 'web');
    expect([code, stderr]).toEqual([1, expect.stringContaining('what ran before runs again')]);
    expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 1 });
    expect(await seenBy(port)).toMatchObject({ pid: (await rig.pids('web'))[0] });
  });
});
