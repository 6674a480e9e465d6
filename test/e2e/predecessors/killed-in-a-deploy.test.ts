// A worker, or the cluster process, is killed with SIGKILL in each phase of a deploy. Each phase waits for the test, so the
// kill always hits it.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import type { DeployOutcome, DeployPhase } from '../../../src/core/status.ts';
import { puppet } from '../../support/apps.ts';
import type { CliProcess } from '../../support/cli-process.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { hookThatWaits } from '../../support/held-deploy.ts';
import type { Load } from '../../support/load.ts';
import { isAlive, processesOf } from '../../support/process-table.ts';
import type { Puppet } from '../../support/puppet.ts';
import { createRig, type Rig } from '../../support/rig.ts';
import { LONG } from '../../support/tiers.ts';

const WORKERS = 2;
const CLIENTS = 4;

interface Scene {
  readonly rig: Rig;
  readonly port: number;
  readonly load: Load;
  readonly old: readonly Puppet[];
}

/** Two workers of generation 1, under load, on a declared port. The rig ends with the test. */
async function running(settle = '50ms'): Promise<Scene> {
  const port = await freePort();
  const rig = await createRig({
    apps: { web: puppet({ workers: WORKERS, listen: [port], env: { PORT: port }, deploy: { settle } }) },
  });
  await rig.run('start');
  const old = await workersOf(rig, 1);
  const load = rig.load({ port, clients: CLIENTS });
  await load.more(20);
  return { rig, port, load, old };
}

async function workersOf(rig: Rig, generation: number): Promise<readonly Puppet[]> {
  const next = () => rig.puppets.next((hello) => hello.generation === generation);
  return [await next(), await next()];
}

/** Its workers listen by themselves, or when they are told to. */
function deploy(rig: Rig, how: 'by themselves' | 'when told'): CliProcess {
  return rig.spawnCli(['deploy', 'web', '--env', 'VERSION=2', ...(how === 'when told' ? ['--env', 'PORT='] : [])]);
}

async function inPhase(rig: Rig, phase: DeployPhase): Promise<void> {
  await rig.appWhere('web', `is ${phase}`, (app) => app.deploy?.phase === phase);
}

/** A request that the worker keeps until it is told to answer. */
async function heldBy(scene: Scene): Promise<{ holder: Puppet; request: number; answer: Promise<string> }> {
  const answer = fetch(`http://127.0.0.1:${scene.port}/held`).then(
    (response) => response.text(),
    () => 'cut',
  );
  const [holder, request] = await Promise.race(
    scene.old.map(async (worker): Promise<[Puppet, number]> => [worker, await worker.heldRequest()]),
  );
  return { holder, request, answer };
}

/** Nobody is missing, nobody is there who is not shown, and no more was lost than was in flight on the one killed. */
async function expectWhole({ rig, load }: Scene, generation: number, outcome: DeployOutcome): Promise<void> {
  const app = await rig.appWhere(
    'web',
    'is whole',
    ({ ready, state, workers, ...rest }) =>
      state === 'online' && ready === WORKERS && workers.length === WORKERS && rest.deploy === null,
  );
  expect(app).toMatchObject({ generation, lastDeploy: { generation: 2, outcome } });
  expect(app.workers.map((worker) => worker.generation)).toEqual([generation, generation]);
  for (const { pid } of app.workers) expect(isAlive(pid ?? 0)).toBe(true);
  await eventually('only what is shown runs', () => {
    const running = processesOf(rig.dir).filter(({ command }) => command.includes('puppet.mjs'));
    return running.length === WORKERS;
  });
  load.lap();
  await load.sees(`${generation}`);
  const { failed, errors } = await load.stop();
  expect(failed).toBeLessThanOrEqual(CLIENTS);
  expect(Object.keys(errors)).not.toContain('ECONNREFUSED');
}

describe('kill -9 of an old worker while a deploy is', () => {
  test('preparing: it comes back as it was, and the deploy is done', async () => {
    const scene = await running();
    const { rig, old } = scene;
    const hook = await hookThatWaits(rig);
    rig.editApp('web', { deploy: { settle: '50ms', before: [hook.command] } });
    await rig.run('reload');
    const deploying = deploy(rig, 'by themselves');
    const finish = await hook.waits;
    await rig.kill9(old[1]?.pid ?? 0);
    expect((await rig.puppets.next()).hello).toMatchObject({ generation: 1, version: '1' });
    finish();
    expect((await deploying.ended).code).toBe(0);
    await expectWhole(scene, 2, 'done');
  });

  test('booting: it comes back as it was, and the deploy is done', async () => {
    const scene = await running();
    const { rig, port, old } = scene;
    const deploying = deploy(rig, 'when told');
    const fresh = await workersOf(rig, 2);
    await rig.kill9(old[1]?.pid ?? 0);
    expect((await rig.puppets.next()).hello).toMatchObject({ generation: 1, version: '1' });
    for (const worker of fresh) await worker.listen(port);
    expect((await deploying.ended).code).toBe(0);
    await expectWhole(scene, 2, 'done');
  });

  test('settling: it comes back as it was, and the deploy goes on', async () => {
    const scene = await running('120s');
    const { rig, old } = scene;
    const deploying = deploy(rig, 'by themselves');
    await inPhase(rig, 'settling');
    await workersOf(rig, 2);
    await rig.kill9(old[1]?.pid ?? 0);
    expect((await rig.puppets.next()).hello).toMatchObject({ generation: 1, version: '1' });
    await rig.appWhere('web', 'has both old ones ready', ({ ready }) => ready === WORKERS);
    await inPhase(rig, 'settling');
    await rig.run('abort', 'web');
    expect((await deploying.ended).code).toBe(1);
    await expectWhole(scene, 1, 'aborted');
  });

  test('retiring: only its own request is lost, nobody takes its place, and the deploy is done', async () => {
    const scene = await running();
    const { rig } = scene;
    const { holder, answer } = await heldBy(scene);
    const deploying = deploy(rig, 'by themselves');
    await inPhase(rig, 'retiring');
    await rig.kill9(holder.pid);
    expect(await answer).toBe('cut');
    expect((await deploying.ended).code).toBe(0);
    await workersOf(rig, 2);
    await expectWhole(scene, 2, 'done');
    expect(rig.puppets.waiting).toBe(0);
  });
});

describe('kill -9 of a new worker while a deploy is', () => {
  test('booting: the deploy fails, and the old ones serve on', async () => {
    const scene = await running();
    const { rig } = scene;
    const deploying = deploy(rig, 'when told');
    const fresh = await workersOf(rig, 2);
    await rig.kill9(fresh[0]?.pid ?? 0);
    expect((await deploying.ended).code).toBe(1);
    await fresh[1]?.closed;
    await expectWhole(scene, 1, 'failed');
  });

  test('settling: the deploy fails, and the old ones serve on', async () => {
    const scene = await running('120s');
    const { rig } = scene;
    const deploying = deploy(rig, 'by themselves');
    const fresh = await workersOf(rig, 2);
    await inPhase(rig, 'settling');
    await rig.kill9(fresh[0]?.pid ?? 0);
    expect((await deploying.ended).code).toBe(1);
    await fresh[1]?.closed;
    await expectWhole(scene, 1, 'failed');
  });

  test('retiring: another new one takes its place, and the deploy is done', async () => {
    const scene = await running();
    const { rig } = scene;
    const { holder, request, answer } = await heldBy(scene);
    const deploying = deploy(rig, 'by themselves');
    const fresh = await workersOf(rig, 2);
    await inPhase(rig, 'retiring');
    await rig.kill9(fresh[0]?.pid ?? 0);
    const successor = await rig.puppets.next();
    expect(successor.hello).toMatchObject({ generation: 2, slot: fresh[0]?.hello.slot, version: '2' });
    await holder.end(request, 'finished');
    expect(await answer).toBe('finished');
    expect((await deploying.ended).code).toBe(0);
    await expectWhole(scene, 2, 'done');
  });
});

describe('kill -9 of the cluster process while a deploy is', () => {
  test('booting: the deploy fails, and the old ones serve on', async () => {
    const scene = await running();
    const { rig } = scene;
    const deploying = deploy(rig, 'when told');
    await workersOf(rig, 2);
    await killCluster(rig);
    const { code, stdout } = await deploying.ended;
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('generation 2 failed: the cluster process was killed during the deploy ('),
    ]);
    await expectWhole(scene, 1, 'failed');
    expect((await scene.load.stop()).failed).toBe(0);
  });

  test('retiring: the deploy is done, and what it waited for is finished', async () => {
    const scene = await running();
    const { rig } = scene;
    const { holder, request, answer } = await heldBy(scene);
    const deploying = deploy(rig, 'by themselves');
    await inPhase(rig, 'retiring');
    await killCluster(rig);
    expect(await deploying.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('generation 2 serves; its cluster process was killed meanwhile'),
    });
    await holder.end(request, 'finished');
    expect(await answer).toBe('finished');
    await expectWhole(scene, 2, 'done');
    expect((await scene.load.stop()).failed).toBe(0);
  });
});

describe('kill -9 of the cluster process while the app', () => {
  test('is started: the start waits for what comes of it, and is done when the app is up', LONG, async () => {
    const port = await freePort();
    const rig = await createRig({ apps: { web: puppet({ listen: [port] }) } });
    const start = rig.spawnCli(['start']);
    await rig.puppets.next();
    await killCluster(rig);
    const successors = await rig.puppets.next(({ generation }) => generation === 2);
    await successors.listen(port);
    expect(await start.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('generation 2 serves; its cluster process was killed meanwhile'),
    });
    expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 1 });
  });

  test('is started, and its program cannot run: exit 1, with the reason', LONG, async () => {
    const rig = await createRig({ apps: { web: puppet({ restart: { minDelay: '1h', maxDelay: '1h' } }) } });
    const start = rig.spawnCli(['start']);
    await rig.puppets.next();
    await killCluster(rig);
    const successor = await rig.puppets.next(({ generation }) => generation === 2);
    await rig.kill9(successor.pid);
    const { code, stdout } = await start.ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/generation 2 failed: its cluster process was killed meanwhile \(.*SIGKILL.*\)/);
  });

  test('is restarted: the restart is done when the successor has it up again', LONG, async () => {
    const port = await freePort();
    const rig = await createRig({ apps: { web: puppet({ listen: [port], env: { PORT: port } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    await old.trap('SIGTERM');
    const restart = rig.spawnCli(['restart', 'web']);
    await old.waitFor((item) => item.news === 'signal');
    await killCluster(rig);
    const fresh = await rig.puppets.next();
    expect(await restart.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('serves; its cluster process was killed meanwhile'),
    });
    expect(fresh.pid).not.toBe(old.pid);
    expect(await rig.pids('web')).toContain(fresh.pid);
  });
});

async function killCluster(rig: Rig): Promise<void> {
  const { clusterPid } = await rig.app('web');
  await rig.kill9(clusterPid ?? 0);
}
