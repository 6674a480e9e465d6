// Rows 14 to 17 of the predecessors' capabilities: what a deploy changes, and how long that holds.
//
// @module-tag more

import { copyFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { SpecAnswer } from '../../../src/protocol/control-api.ts';
import { askApi } from '../../support/api-client.ts';
import { puppet, server } from '../../support/apps.ts';
import { freePort } from '../../support/free-port.ts';
import { RELEASES, release } from '../../support/releases.ts';
import { createRig, fixture, type Rig } from '../../support/rig.ts';
import { type Seen, seenBy } from '../../support/seen-by.ts';
import { LONG } from '../../support/tiers.ts';

interface Scene {
  readonly rig: Rig;
  readonly port: number;
}

/** One worker of fixtures/environment.mjs. The rig ends with the test. */
async function running(change: object = {}, files: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const port = await freePort();
  const rig = await createRig({ apps: { web: server('environment', port, { workers: 1, ...change }) }, files });
  await rig.run('start');
  return { rig, port };
}

/** The worker is killed; what its successor says of itself. */
async function afterCrash({ rig, port }: Scene): Promise<Seen> {
  const [pid] = await rig.pids('web');
  await rig.kill9(pid ?? 0);
  await rig.appWhere('web', 'has another worker', ({ ready, workers }) => ready > 0 && workers[0]?.pid !== pid);
  return await seenBy(port);
}

/** Everything is killed at once and started again. */
async function reboot(rig: Rig): Promise<void> {
  await rig.cutPower();
  await rig.run('start');
}

const SHELL = { COLOUR: 'of the shell', SHELL_ONLY: 'yes' };

function deployFrom(rig: Rig, env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  return rig.spawnCli(['deploy', 'web', ...args], { env }).ended;
}

describe('row 14: the environment', () => {
  test('row 14: takes nothing of the shell of a deploy, unless --shell-env asks for it; --env wins; a variable can be empty, or removed', async () => {
    const scene = await running({ env: { COLOUR: 'blue', KEEP: 'k' } });
    const { rig, port } = scene;
    expect((await deployFrom(rig, SHELL)).code).toBe(0);
    expect((await seenBy(port)).env).toMatchObject({ COLOUR: 'blue', KEEP: 'k' });
    expect((await seenBy(port)).env).not.toHaveProperty('SHELL_ONLY');
    expect((await deployFrom(rig, SHELL, '--shell-env', '--env', 'MORE=1', '--env', 'SHELL_ONLY=no')).code).toBe(0);
    expect((await seenBy(port)).env).toMatchObject({ COLOUR: 'of the shell', KEEP: 'k', MORE: '1', SHELL_ONLY: 'no' });
    await rig.run(
      'deploy',
      'web',
      '--env',
      'MORE=',
      '--env',
      'COLOUR=red',
      '--unset-env',
      'KEEP',
      '--unset-env',
      'NOT_THERE',
    );
    const { env } = await afterCrash(scene);
    expect(env).toMatchObject({ COLOUR: 'red', MORE: '', SHELL_ONLY: 'no' });
    expect(env).not.toHaveProperty('KEEP');
  });

  test(
    'row 14: is shown as drift without its values, survives stop, manager and machine, and a reload clears it',
    LONG,
    async () => {
      const { rig, port } = await running({ env: { COLOUR: 'blue', KEEP: 'k' } });
      expect((await deployFrom(rig, SHELL, '--shell-env', '--env', 'TOKEN=hunter2', '--unset-env', 'KEEP')).code).toBe(
        0,
      );
      const changed = { COLOUR: 'of the shell', TOKEN: 'hunter2' };
      const holds = async (): Promise<void> => {
        const { env } = await seenBy(port);
        expect(env).toMatchObject(changed);
        expect(env).not.toHaveProperty('KEEP');
        expect(await rig.app('web')).toMatchObject({ drift: true });
        const { stdout } = await rig.run('plan', '--json');
        for (const line of ['env.COLOUR changed', 'env.TOKEN removed', 'env.KEEP added'])
          expect(stdout).toContain(line);
        // A shell has many more variables: for people they are one line.
        expect((await rig.run('plan')).stdout).toMatch(/env: \d+ keys changed \(COLOUR, /);
        expect(stdout).not.toContain('hunter2');
        expect((await rig.run('status')).stdout).toContain('changed by a command: see `evenkeel plan`');
      };
      await holds();
      await rig.run('stop', 'web');
      await rig.run('start', 'web');
      await holds();
      await rig.kill9((await rig.status()).manager.pid);
      await rig.run('start');
      await holds();
      await reboot(rig);
      await holds();
      await rig.run('stop');
      await rig.run('start');
      await holds();
      await rig.run('reload');
      expect((await seenBy(port)).env).toMatchObject({ COLOUR: 'blue', KEEP: 'k' });
      expect((await seenBy(port)).env).not.toHaveProperty('TOKEN');
      expect(await rig.app('web')).toMatchObject({ drift: false });
      expect((await rig.run('plan')).stdout).toBe('nothing to do\n');
    },
  );

  test('row 14: is restored when the deploy fails, is aborted, or runs out of time', async () => {
    const scene = await running({ env: { COLOUR: 'blue' } });
    const { rig, port } = scene;
    const bad = ['--env', 'COLOUR=red', '--script', fixture('never-ready.mjs'), '--cwd', rig.dir, '--workers', '3'];
    expect(
      (await rig.cli('deploy', 'web', '--env', 'COLOUR=red', '--script', fixture('throws-at-boot.mjs'))).code,
    ).toBe(1);
    expect((await rig.cli('deploy', 'web', ...bad, '--timeout', '1s')).code).toBe(4);
    const events = await rig.events();
    const deploy = rig.spawnCli(['deploy', 'web', ...bad]);
    await events.waitFor('worker-started');
    await rig.run('abort', 'web');
    expect((await deploy.ended).code).toBe(1);
    const { env, argv } = await afterCrash(scene);
    expect([env.COLOUR, argv[1]]).toEqual(['blue', fixture('environment.mjs')]);
    expect(await rig.app('web')).toMatchObject({ desired: 1, generation: 1, drift: false });
    await rig.run('deploy', 'web');
    expect((await seenBy(port)).env.COLOUR).toBe('blue');
  });

  test(
    'row 14: of a deploy that outlives the manager is remembered when it is done, and forgotten when it failed',
    LONG,
    async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
      await rig.run('start');
      await rig.puppets.next();
      const changedBy = async () => {
        const { body } = await askApi<SpecAnswer>(rig.state.managerSocket, { path: '/v1/apps/web/spec' });
        return body.changed;
      };
      const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=', '--env', 'VERSION=2']);
      const next = await rig.puppets.next();
      await rig.kill9((await rig.status()).manager.pid);
      await deploy.ended;
      await rig.run('start');
      // It still goes on: nothing is decided yet.
      expect(await changedBy()).toMatchObject({ set: [] });
      const events = await rig.events();
      await next.listen(port);
      await events.waitFor('deploy-finished', ({ outcome }) => outcome === 'done');
      await rig.appWhere('web', 'differs', ({ drift }) => drift);
      expect(await changedBy()).toMatchObject({ set: ['PORT', 'VERSION'] });
      const failing = rig.spawnCli(['deploy', 'web', '--env', 'VERSION=3', '--unset-env', 'PORT']);
      const third = await rig.puppets.next();
      await rig.kill9((await rig.status()).manager.pid);
      await failing.ended;
      await third.exit(1);
      await third.closed;
      await rig.run('start');
      await rig.appWhere('web', 'is calm', (app) => app.deploy === null);
      expect(await changedBy()).toMatchObject({ set: ['PORT', 'VERSION'], unset: [] });
      await rig.cutPower();
      const start = rig.spawnCli(['start']);
      const back = await rig.puppets.next();
      expect(back.hello).toMatchObject({ version: '2', generation: 2 });
      await back.listen(port);
      expect((await start.ended).code).toBe(0);
    },
  );
});

describe('row 15: the working directory', () => {
  test('row 15: a `current` link is resolved at each deploy and pinned to the generation', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: {}, files: RELEASES });
    for (const release of ['1', '2']) {
      for (const file of ['environment.mjs']) copyFileSync(fixture(file), rig.path('releases', release, file));
    }
    release(rig, 1);
    rig.writeConfig({
      apps: { web: server('environment', port, { workers: 1, script: 'environment.mjs', cwd: 'current' }) },
    });
    await rig.run('start');
    const placeOf = ({ cwd, argv }: Seen) => [cwd, argv[1]];
    const placed = (number: number) => [rig.path(`releases/${number}`), rig.path(`releases/${number}/environment.mjs`)];
    release(rig, 2);
    expect(placeOf(await afterCrash({ rig, port }))).toEqual(placed(1));
    await rig.run('scale', 'web=2');
    await rig.run('scale', 'web=1');
    expect(placeOf(await seenBy(port))).toEqual(placed(1));
    expect((await rig.run('plan')).stdout).toBe('nothing to do\n');
    await rig.run('deploy', 'web');
    expect(placeOf(await seenBy(port))).toEqual(placed(2));
    release(rig, 1);
    expect(placeOf(await afterCrash({ rig, port }))).toEqual(placed(2));
    await rig.run('rollback', 'web');
    expect(placeOf(await seenBy(port))).toEqual(placed(1));
    await rig.run('rollback', 'web', '--to', '2');
    expect(placeOf(await seenBy(port))).toEqual(placed(2));
    // A machine that starts again takes what `current` names, but for a rollback.
    await reboot(rig);
    expect(placeOf(await seenBy(port))).toEqual(placed(2));
    await rig.run('reload');
    await rig.run('deploy', 'web');
    expect(placeOf(await seenBy(port))).toEqual(placed(1));
  });

  test('row 15: --cwd is relative to where the command is given; the script in it moves along; without it nothing moves', async () => {
    const { rig, port } = await running(
      { script: 'environment.mjs', cwd: 'releases/1' },
      { ...RELEASES, 'releases/1/environment.mjs': environmentModule() },
    );
    copyFileSync(rig.path('releases/1/environment.mjs'), rig.path('releases/2/environment.mjs'));
    const inReleases = (...args: readonly string[]) => rig.spawnCli(args, { cwd: rig.path('releases') }).ended;
    expect((await inReleases('deploy', 'web')).code).toBe(0);
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/1'));
    expect((await inReleases('deploy', 'web', '--cwd', '2')).code).toBe(0);
    const seen = await seenBy(port);
    expect([seen.cwd, seen.argv[1]]).toEqual([rig.path('releases/2'), rig.path('releases/2/environment.mjs')]);
    const elsewhere = await inReleases('deploy', 'web', '--cwd', '3');
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('releases/3')]);
    expect((await seenBy(port)).pid).toBe(seen.pid);
    expect((await inReleases('deploy', 'web', '--cwd', '..', '--script', '1/environment.mjs')).code).toBe(0);
    const mixed = await seenBy(port);
    expect([mixed.cwd, mixed.argv[1]]).toEqual([rig.dir, rig.path('releases/1/environment.mjs')]);
  });
});

/** A script that can be anywhere. */
function environmentModule(): string {
  return `import '${fixture('environment.mjs')}';`;
}

describe('row 16: the path of the script', () => {
  test('row 16: is changed at a deploy, and remembered over restarts of manager and machine', async () => {
    const { rig, port } = await running({}, { 'r2/server.mjs': environmentModule() });
    await rig.spawnCli(['deploy', 'web', '--script', 'server.mjs'], { cwd: rig.path('r2') }).ended;
    const script = async () => (await seenBy(port)).argv[1];
    expect(await script()).toBe(rig.path('r2/server.mjs'));
    await rig.kill9((await rig.status()).manager.pid);
    await rig.run('start');
    await rig.run('deploy', 'web');
    expect(await script()).toBe(rig.path('r2/server.mjs'));
    await reboot(rig);
    expect(await script()).toBe(rig.path('r2/server.mjs'));
    expect(await rig.app('web')).toMatchObject({ drift: true });
    await rig.run('reload');
    expect(await script()).toBe(fixture('environment.mjs'));
  });

  test('row 16: also of a script that was started without a config', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({
      withoutConfig: true,
      files: { 'one.mjs': environmentModule(), 'two.mjs': environmentModule() },
    });
    await rig.run('start', '--env', `PORT=${port}`, 'one.mjs', '-v');
    await rig.run('deploy', 'one', '--script', 'two.mjs');
    await reboot(rig);
    expect((await seenBy(port)).argv.slice(1)).toEqual([rig.path('two.mjs'), '-v']);
  });
});

describe('row 17: the number of workers', () => {
  test('row 17: is changed live by scale and deploy, without losing a request, and a reload goes by the file', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port, { workers: 2 }) } });
    await rig.run('start');
    const [first, second] = await rig.pids('web');
    const load = rig.load({ port, clients: 6 });
    await load.more(50);
    await rig.run('scale', 'web=4');
    expect((await rig.pids('web')).slice(0, 2)).toEqual([first, second]);
    expect(await rig.app('web')).toMatchObject({ ready: 4, drift: true });
    await rig.run('scale', 'web=1');
    expect(await rig.pids('web')).toEqual([first]);
    await rig.run('deploy', 'web', '--workers', '3');
    expect(await rig.app('web')).toMatchObject({ ready: 3, generation: 2 });
    await reboot(rig);
    expect(await rig.app('web')).toMatchObject({ ready: 3 });
    // What is as the file says is no drift, whoever said it.
    await rig.run('scale', 'web=2');
    expect(await rig.app('web')).toMatchObject({ drift: false });
    await rig.run('scale', 'web=3');
    await rig.run('reload');
    expect(await rig.app('web')).toMatchObject({ ready: 2, drift: false });
    expect((await load.stop()).versions).toMatchObject({ 1: expect.any(Number) });
  });
});
