// Of an app there is one cluster process, which one owner starts and ends: whatever comes together, none that serves is killed
// and none is started beside it.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { EvenkeelError } from '../../src/core/errors.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { stopDeadline } from '../../src/manager/deadlines.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { start } from '../../src/manager/operations/start.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { signalHandler } from '../../src/manager/signals.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { HeldClock } from '../support/held-clock.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const web = appSpec({ listen: [{ kind: 'tcp', host: null, port: 3000 }] });

async function started() {
  const rig = new ManagerRig([web]);
  const clock = new HeldClock();
  rig.clock = clock;
  const manager = await rig.open();
  await start(manager.context, null);
  const asked = (what: string) =>
    eventually(`the cluster process is asked: ${what}`, () => rig.clusters.some((one) => one.asked.includes(what)));
  return { rig, clock, manager, context: manager.context, asked };
}

/** A restart can only be done in a new cluster process from now on. */
async function withChange(rig: ManagerRig, context: Parameters<typeof reload>[0], change: Partial<AppSpec>) {
  rig.apps = [{ ...web, ...change }];
  await reload(context);
}

it('one that a restart brought back is not killed by the revival that waited behind it', async () => {
  const { rig, context } = await started();
  await withChange(rig, context, { balance: 'round-robin' });
  const restarting = restart(context, 'web');
  rig.cluster('web').die();
  expect((await restarting).apps).toMatchObject([{ ok: true, action: 'restart' }]);
  const serving = rig.cluster('web');
  await context.fleet.handle('web').revival;
  expect(serving).toMatchObject({ alive: true, asked: ['start restart'] });
  expect(rig.cluster('web')).toBe(serving);
  expect(rig.types('web').filter((type) => type === 'cluster-lost')).toHaveLength(1);
});

it('one whose start was refused is ended before it has a successor: its end is no loss', async () => {
  const { rig, context } = await started();
  await withChange(rig, context, { balance: 'round-robin' });
  rig.script('web').refusal = new EvenkeelError('LISTEN_FAILED', 'workers that were left have it');
  expect((await restart(context, 'web')).apps).toMatchObject([{ ok: false, error: { code: 'LISTEN_FAILED' } }]);
  await context.fleet.handle('web').revival;
  expect(rig.clusters.map(({ alive }) => alive)).toEqual([false, false, true]);
  expect(rig.cluster('web').asked).toEqual(['start restart']);
  expect(rig.types('web')).not.toContain('cluster-lost');
});

it('one that only just starts when a second signal tells the manager to end at once is ended as well', async () => {
  const rig = new ManagerRig([web]);
  const { context } = await rig.open();
  rig.bootGate = deferred();
  const starting = start(context, null);
  await eventually('it boots', () => rig.clusters.length === 1);
  const left = deferred<void>();
  const onSignal = signalHandler(context, () => left.resolve());
  onSignal('SIGTERM');
  onSignal('SIGTERM');
  rig.bootGate.resolve();
  await left.promise;
  expect(rig.isRunning('web')).toBe(false);
  expect((await starting).apps).toMatchObject([{ ok: false, error: { code: 'APP_STOPPED' } }]);
});

it('one whose connection ended in the very moment in which it answered is not taken for one that answers', async () => {
  const { rig, manager } = await started();
  await manager.close('test');
  rig.bound.clear();
  rig.cluster('web').garbles = true;
  const { context } = await rig.open();
  const handle = context.fleet.handle('web');
  await handle.revival;
  expect(await handle.ask('ping', {}, 1000)).toEqual({});
  expect(rig.clusters.map(({ asked }) => asked)).toEqual([['start start'], ['resume']]);
});

it('a manager that closes while an app is being stopped leaves that to the cluster process', async () => {
  const { rig, manager, context, asked } = await started();
  const cluster = rig.cluster('web');
  cluster.frozen = true;
  const stopping = stop(context, ['web'], null);
  await asked('stop');
  await manager.close('told to end');
  expect((await stopping).apps).toMatchObject([{ ok: false, error: { code: 'CLUSTER_LOST' } }]);
  expect(rig.clusters).toEqual([cluster]);
  expect(cluster.alive).toBe(true);
});

it('a manager that closes starts none any more', async () => {
  const { rig, manager, context } = await started();
  await stop(context, ['web'], null);
  await manager.close('told to end');
  await expect(context.fleet.owner('web').ensure()).rejects.toMatchObject({ code: 'APP_STOPPED' });
  expect(rig.isRunning('web')).toBe(false);
});

it('a manager that closes while one boots leaves it to the next one', async () => {
  const rig = new ManagerRig([web]);
  const manager = await rig.open();
  rig.bootGate = deferred();
  const starting = start(manager.context, null);
  await eventually('it boots', () => rig.clusters.length === 1);
  await manager.close('told to end');
  rig.bootGate.resolve();
  expect((await starting).apps).toMatchObject([{ ok: false, error: { code: 'APP_STOPPED' } }]);
  expect(manager.context.fleet.handle('web').isUp).toBe(false);
  const { context } = await rig.open();
  await context.fleet.handle('web').revival;
  expect(context.fleet.runningSpec('web')).toEqual(web);
  expect(rig.clusters).toHaveLength(1);
});

it('one that refuses to stop in the midst of a deploy is not killed for it', async () => {
  const { rig, context, asked } = await started();
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  const deploying = deploy(context, ['web'], {});
  await asked('deploy deploy');
  rig.cluster('web').stopRefusal = new EvenkeelError('INTERNAL', 'a bug');
  const stopping = stop(context, ['web'], null);
  await asked('stop');
  hold.resolve();
  expect((await stopping).apps).toMatchObject([{ ok: true, message: 'stopped' }]);
  expect((await deploying).ok).toBe(true);
  expect(rig.clusters.map((one) => one.asked)).toEqual([['start start', 'deploy deploy', 'stop', 'stop']]);
});

it('one that hangs in the midst of a deploy is ended by a stop, and a successor stops its workers', async () => {
  const { rig, clock, context, asked } = await started();
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await asked('deploy deploy');
  rig.cluster('web').frozen = true;
  const stopping = stop(context, ['web'], 1);
  await asked('stop');
  clock.skip(stopDeadline(web, 1));
  expect((await stopping).apps).toMatchObject([{ ok: true, message: 'stopped' }]);
  expect((await deploying).ok).toBe(false);
  expect(rig.clusters.map((one) => one.asked.at(-1))).toEqual(['stop', 'stop']);
});
