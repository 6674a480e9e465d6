// A stop waits for nothing that it can end, and nothing that it came before brings the app up behind it.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { scale } from '../../src/manager/operations/scale.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const web = appSpec();
const STOPPED = [{ action: 'stop', ok: true, message: 'stopped' }];

async function started() {
  const rig = new ManagerRig([web]);
  const { context } = await rig.open();
  await start(context, null);
  const asked = (what: string) =>
    eventually(`the cluster process is asked: ${what}`, () => rig.clusters.some((one) => one.asked.includes(what)));
  return { rig, context, asked };
}

it('a revival: its workers need not become ready first', async () => {
  const { rig, context, asked } = await started();
  rig.script('web').hold = deferred();
  rig.cluster('web').die();
  await asked('resume');
  expect((await stop(context, ['web'], 2000)).apps).toMatchObject(STOPPED);
  expect(rig.clusters.map(({ asked: all }) => all)).toEqual([['start start'], ['resume', 'stop']]);
  expect(rig.complaints).toEqual([]);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'stopped' }]);
});

it('a revival that has to wait for its next attempt: its workers are stopped by a successor', async () => {
  const { rig, context } = await started();
  rig.spawnFails = true;
  rig.cluster('web').die();
  await eventually('two attempts failed', () => rig.complaints.length === 2);
  rig.spawnFails = false;
  expect((await stop(context, ['web'], null)).apps).toMatchObject(STOPPED);
  expect(rig.clusters.at(-1)).toMatchObject({ asked: ['stop'], alive: false });
});

it('where no successor can be started what serves is not killed, and the result says that it serves on', async () => {
  const { rig, context } = await started();
  await rig.leaveAgentsSocket('web');
  rig.spawnFails = true;
  rig.cluster('web').die();
  await eventually('an attempt failed', () => rig.complaints.length > 0);
  const { apps } = await stop(context, ['web'], null);
  expect(apps).toMatchObject([
    {
      ok: false,
      message: expect.stringMatching(/did not start: .*; what its last cluster process has left serves on$/),
      error: {
        code: 'CLUSTER_START_FAILED',
        hint: expect.stringContaining('Then `evenkeel stop web` stops that, too.'),
      },
    },
  ]);
});

it('a scale, which says that it came to nothing', async () => {
  const { rig, context, asked } = await started();
  rig.script('web').hold = deferred();
  const scaling = scale(context, 'web', 5);
  await asked('scale 5');
  expect((await stop(context, ['web'], 1000)).apps).toMatchObject(STOPPED);
  expect((await scaling).apps).toMatchObject([{ ok: false, message: 'aborted: the app was stopped' }]);
  expect(context.fleet.state.app('web').override).toBe(null);
});

it('a restart, which says that it came to nothing', async () => {
  const { rig, context, asked } = await started();
  rig.script('web').hold = deferred();
  const restarting = restart(context, 'web');
  await asked('restart');
  expect((await stop(context, ['web'], null)).apps).toMatchObject(STOPPED);
  expect((await restarting).apps).toMatchObject([{ action: 'restart', ok: false, deploy: { outcome: 'aborted' } }]);
});

it('a restart in a new cluster process, in the midst of it', async () => {
  const { rig, context } = await started();
  rig.apps = [{ ...web, balance: 'round-robin' }];
  await reload(context);
  rig.bootGate = deferred();
  const restarting = restart(context, 'web');
  await eventually('the new one boots', () => rig.clusters.length === 2);
  const stopping = stop(context, ['web'], null);
  rig.bootGate.resolve();
  expect((await stopping).apps).toMatchObject([{ ok: true, message: 'stopped' }]);
  expect((await restarting).apps).toMatchObject([{ ok: false, error: { code: 'APP_STOPPED' } }]);
  expect(rig.clusters.map(({ asked, alive }) => [asked.at(-1), alive])).toEqual([
    ['stop', false],
    ['stop', false],
  ]);
});

it('a start whose cluster process boots: no worker is asked for', async () => {
  const rig = new ManagerRig([web]);
  const { context } = await rig.open();
  rig.bootGate = deferred();
  const starting = start(context, null);
  await eventually('it boots', () => rig.clusters.length === 1);
  const stopping = stop(context, ['web'], null);
  rig.bootGate.resolve();
  expect((await stopping).apps).toMatchObject(STOPPED);
  expect((await starting).apps).toMatchObject([{ action: 'start', ok: false, error: { code: 'APP_STOPPED' } }]);
  expect(rig.clusters).toMatchObject([{ asked: ['stop'], alive: false }]);
  expect(context.fleet.state.app('web').wanted).toBe(false);
});

it('what waits: it never begins, and says so', async () => {
  const { rig, context, asked } = await started();
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await asked('deploy deploy');
  const waiting = [scale(context, 'web', 5), restart(context, 'web')];
  const cluster = rig.cluster('web');
  expect((await stop(context, ['web'], null)).apps).toMatchObject(STOPPED);
  expect((await deploying).apps).toMatchObject([{ deploy: { outcome: 'aborted' } }]);
  for (const result of await Promise.all(waiting)) {
    expect(result.apps).toMatchObject([{ ok: false, error: { code: 'APP_STOPPED' } }]);
  }
  expect(cluster.asked).toEqual(['start start', 'deploy deploy', 'stop']);
  expect(rig.isRunning('web')).toBe(false);
});

it('a reload that waits, which then goes by what it finds: it undoes what commands have changed, and starts nothing', async () => {
  const { rig, context, asked } = await started();
  await scale(context, 'web', 5);
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await asked('deploy deploy');
  const reloading = reload(context);
  await rig.event('reload-started');
  expect((await stop(context, ['web'], null)).apps).toMatchObject(STOPPED);
  const undone = { action: 'live', ok: true, message: 'the next start goes by the file' };
  expect((await reloading).apps).toMatchObject([undone]);
  await deploying;
  expect(rig.isRunning('web')).toBe(false);
  expect(context.fleet.state.app('web').override).toBe(null);
});

it('a start that comes after it brings the app up again', async () => {
  const { rig, context, asked } = await started();
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await asked('deploy deploy');
  const stopping = stop(context, ['web'], null);
  rig.script('web').hold = null;
  const starting = start(context, ['web']);
  expect((await stopping).apps).toMatchObject(STOPPED);
  expect((await starting).apps).toMatchObject([{ action: 'start', ok: true }]);
  await deploying;
  expect(rig.isRunning('web')).toBe(true);
});
