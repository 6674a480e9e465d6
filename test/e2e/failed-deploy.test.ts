// Deploys that fail, are aborted or run out of time: the old generation serves on, and the exit code and the message
// say what happened (P2, P10).

import { chmodSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { HistoryAnswer } from '../../src/protocol/control-api.ts';
import { puppet, server } from '../support/apps.ts';
import type { CliProcess } from '../support/cli-process.ts';
import { freePort } from '../support/free-port.ts';
import type { Puppet } from '../support/puppet.ts';
import { type AppConfig, createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

/** A release, its exit code, and what stderr must say. */
interface BadRelease {
  readonly name: string;
  readonly change: AppConfig;
  readonly code: number;
  readonly says: readonly RegExp[];
}

const BAD_RELEASES: readonly BadRelease[] = [
  {
    name: 'throws at boot',
    change: { script: fixture('throws-at-boot.mjs') },
    code: 1,
    says: [/code 1/, /reading the settings/, /settings\.json has no key "database"/],
  },
  {
    name: 'never becomes ready',
    change: { script: fixture('never-ready.mjs'), ready: { on: 'listening', timeout: '3s' } },
    code: 4,
    says: [/ready/, /waiting for a database that never comes/],
  },
  {
    name: 'fails its hook',
    change: { deploy: { before: [['node', '-e', 'console.log("migration 7 failed"); process.exit(3)']] } },
    code: 1,
    says: [/code 3/, /migration 7 failed/],
  },
  {
    name: 'has a module hook that throws',
    change: { deploy: { before: [{ module: './hook.mjs' }] } },
    code: 1,
    says: [/no migration for you/],
  },
  {
    name: 'has a program that is gone when it is started',
    change: { node: { bin: './fleeting' }, deploy: { before: [['rm', 'fleeting']] } },
    code: 1,
    says: [/the program .*\/fleeting cannot be run/],
  },
];

describe.each([
  ['all-at-once', {}],
  ['rolling', LONG],
])('strategy %s: a release that', (strategy, tier) => {
  test.each(BAD_RELEASES)('$name is refused, and no request is lost', tier, async ({ change, code, says }) => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('http', port, { deploy: { strategy, settle: '100ms' } }) },
      files: { fleeting: '', 'hook.mjs': `export default () => { throw new Error('no migration for you'); };` },
    });
    chmodSync(rig.path('fleeting'), 0o755);
    await rig.run('start');
    const before = await rig.app('web');
    const load = rig.load({ port, clients: 8 });
    rig.editApp('web', { ...change, deploy: { strategy, settle: '100ms', ...asObject(change.deploy) } });
    rig.editEnv('web', { VERSION: '2' });
    const result = await rig.cli('reload');
    await load.more(200);
    expect(await load.stop()).toMatchObject({ failed: 0, versions: { 1: expect.any(Number) } });
    expect(result.code).toBe(code);
    for (const pattern of says) expect(result.stderr).toMatch(pattern);
    const after = await rig.app('web');
    expect(after).toMatchObject({ state: 'online', generation: 1, ready: 2, deploy: null });
    expect(after.workers.map(({ pid }) => pid)).toEqual(before.workers.map(({ pid }) => pid));
    expect(after.lastDeploy?.outcome).toBe(code === 4 ? 'timed-out' : 'failed');
  });
});

describe('a deploy is refused', () => {
  test('when a new worker dies in the settle time', async () => {
    const { rig, deploy, old, next, port } = await deployUnderWay({ settle: '60s' });
    await next.listen(port);
    await rig.appWhere('web', 'settles', ({ deploy }) => deploy?.phase === 'settling');
    await next.print('disk is full\n', 'stderr');
    await next.exit(9);
    const { code, stderr } = await deploy.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/code 9/);
    expect(stderr).toMatch(/disk is full/);
    await expectOldServes(rig, old, 'failed');
  });

  test('when it takes longer than its timeout: exit 4', async () => {
    const { rig, deploy, old, next } = await deployUnderWay({ timeout: '3s' });
    expect((await deploy.ended).code).toBe(4);
    await next.closed;
    await expectOldServes(rig, old, 'timed-out');
  });

  test('while another one of the same app runs, and the answer names that', async () => {
    const { rig, deploy, next, port } = await deployUnderWay({});
    const { code, stderr } = await rig.cli('deploy', 'web');
    expect(code).toBe(1);
    expect(stderr).toMatch(/generation 2/);
    await next.listen(port);
    expect((await deploy.ended).code).toBe(0);
  });

  test('for an app that the file does not have: exit 2', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    expect((await rig.cli('deploy', 'wbe')).code).toBe(2);
  });
});

describe('abort', () => {
  test('while hooks run', LONG, async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    rig.editApp('web', { deploy: { before: [['node', '-e', 'setInterval(() => {}, 60000)']] } });
    await rig.run('reload');
    const deploy = rig.spawnCli(['deploy', 'web']);
    await rig.appWhere('web', 'prepares', (app) => app.deploy?.phase === 'preparing');
    await rig.run('abort', 'web');
    expect((await deploy.ended).code).toBe(1);
    await expectOldServes(rig, old, 'aborted');
  });

  test('while the new workers boot', LONG, async () => {
    const { rig, deploy, old, next } = await deployUnderWay({});
    await rig.run('abort', 'web');
    const { code, stderr } = await deploy.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/abort/);
    await next.closed;
    await expectOldServes(rig, old, 'aborted');
  });

  test('while they settle', LONG, async () => {
    const { rig, deploy, old, next, port } = await deployUnderWay({ settle: '60s' });
    await next.listen(port);
    await rig.appWhere('web', 'settles', ({ deploy }) => deploy?.phase === 'settling');
    await rig.run('deploy-abort', 'web');
    expect((await deploy.ended).code).toBe(1);
    await next.closed;
    await expectOldServes(rig, old, 'aborted');
  });

  test('while the old ones retire means: finish now', LONG, async () => {
    const { rig, deploy, old, next, port } = await deployUnderWay({});
    const answer = fetch(`http://127.0.0.1:${port}/held`).catch(() => 'cut');
    await old.heldRequest();
    await next.listen(port);
    await rig.appWhere('web', 'retires', ({ deploy }) => deploy?.phase === 'retiring');
    await rig.run('abort', 'web');
    expect((await deploy.ended).code).toBe(0);
    expect(await answer).toBe('cut');
    expect(await rig.app('web')).toMatchObject({ generation: 2, lastDeploy: { outcome: 'done' } });
  });

  test('without a deploy fails', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    expect((await rig.cli('abort', 'web')).code).toBe(1);
  });

  test('by Ctrl-C: a clean abort, and exit 130', LONG, async () => {
    const { rig, deploy, old, next } = await deployUnderWay({});
    deploy.kill('SIGINT');
    expect(await deploy.ended).toMatchObject({ code: 130 });
    await next.closed;
    await expectOldServes(rig, old, 'aborted');
  });

  test('by Ctrl-C while the old workers retire: it leaves, and cuts nobody', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: port }, stop: { timeout: '60s' }, deploy: { settle: '50ms' } }) },
    });
    await rig.run('start');
    const old = await rig.puppets.next();
    const answer = fetch(`http://127.0.0.1:${port}/held`).then((response) => response.status);
    const held = await old.heldRequest();
    const deploy = rig.spawnCli(['deploy', 'web']);
    await rig.appWhere('web', 'retires', ({ deploy: now }) => now?.phase === 'retiring');
    deploy.kill('SIGINT');
    expect(await deploy.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('too late for web') });
    await old.end(held, 'late');
    expect(await answer).toBe(200);
    await rig.appWhere('web', 'is deployed', ({ deploy: now }) => now === null);
    expect((await rig.app('web')).lastDeploy).toMatchObject({ outcome: 'done' });
  });

  test('a client that just leaves changes nothing', LONG, async () => {
    const { rig, deploy, next, port } = await deployUnderWay({});
    deploy.kill('SIGKILL');
    await deploy.ended;
    await next.listen(port);
    await rig.appWhere('web', 'is deployed', ({ generation, deploy }) => generation === 2 && deploy === null);
  });
});

test('after a failed deploy the old generation comes back from its own settings, and the failure is in the history', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
  await rig.run('start');
  const old = await rig.puppets.next();
  rig.editApp('web', { script: fixture('throws-at-boot.mjs') });
  expect((await rig.cli('reload')).code).toBe(1);
  await rig.kill9(old.pid);
  const successor = await rig.puppets.next();
  expect(successor.hello).toMatchObject({ generation: 1, version: '1' });
  const { generations } = await rig.json<HistoryAnswer>('history', 'web');
  expect(generations.find(({ generation }) => generation === 2)).toMatchObject({ outcome: 'failed', current: false });
});

interface UnderWay {
  readonly rig: Rig;
  readonly deploy: CliProcess;
  readonly old: Puppet;
  readonly next: Puppet;
  readonly port: number;
}

/** A deploy whose new worker waits to be told to listen. The rig ends with the test. */
async function deployUnderWay({ settle = '50ms', timeout = '5m' }): Promise<UnderWay> {
  const port = await freePort();
  const rig = await createRig({ apps: { web: puppet({ env: { PORT: port }, deploy: { settle } }) } });
  await rig.run('start');
  const old = await rig.puppets.next();
  const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=', '--env', 'VERSION=2', '--timeout', timeout]);
  const next = await rig.puppets.next();
  return { rig, deploy, old, next, port };
}

async function expectOldServes(rig: Rig, old: Puppet, outcome: string): Promise<void> {
  expect(old.isRunning).toBe(true);
  const { state, generation, workers, lastDeploy } = await rig.app('web');
  expect({ state, generation, outcome: lastDeploy?.outcome }).toEqual({ state: 'online', generation: 1, outcome });
  expect(workers.map(({ pid }) => pid)).toEqual([old.pid]);
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
