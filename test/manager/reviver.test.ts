// A cluster process that does not come back at once: it goes on being tried, others have their turn meanwhile, and everybody
// is told what keeps it.

import { expect, it } from 'vitest';
import { EvenkeelError } from '../../src/core/errors.ts';
import type { ManagerContext } from '../../src/manager/context.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import type { HeldClock } from '../support/held-clock.ts';
import { openHeldManager } from '../support/held-manager.ts';

const web = appSpec();
const WHY = 'its cluster process did not start: it ended before it could be asked';

const opened = () => openHeldManager(web);

async function started() {
  const scene = await opened();
  await start(scene.context, null);
  return scene;
}

/** No cluster process could be started; the next one can. */
async function failedToSpawn() {
  const scene = await opened();
  scene.rig.spawnFails = true;
  await start(scene.context, null);
  await scene.rig.event('cluster-failed', 'web');
  scene.rig.spawnFails = false;
  return scene;
}

/** Time passes until its cluster process is there again. */
async function back(context: ManagerContext, clock: HeldClock): Promise<void> {
  const handle = context.fleet.handle('web');
  await eventually('it is back', () => {
    clock.skip(1000);
    return handle.revival === null;
  });
}

it('between two attempts others have their turn, and are told what keeps it', async () => {
  const { rig, clock, context } = await started();
  rig.spawnFails = true;
  rig.cluster('web').die();
  expect(await rig.event('cluster-failed', 'web')).toMatchObject({ reason: WHY, delayMs: 1000 });
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'backoff', problem: WHY }]);
  // Whoever comes into the midst of an attempt has his turn after it; so not only the first one.
  for (const result of [await restart(context, 'web'), await restart(context, 'web')]) {
    expect(result.apps).toMatchObject([
      {
        ...{ ok: false, message: `its cluster process was lost, and is not back yet: ${WHY}` },
        error: { code: 'CLUSTER_LOST' },
      },
    ]);
  }
  rig.spawnFails = false;
  await back(context, clock);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online', problem: null }]);
  expect(rig.cluster('web').asked).toEqual(['resume']);
  rig.cluster('web').die();
  await rig.event('cluster-lost', 'web', 2);
  // What kept it the last time is over.
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'backoff', problem: null }]);
});

it('a start that could not start it goes on being tried', async () => {
  const { rig, clock, context } = await opened();
  rig.spawnFails = true;
  expect((await start(context, null)).apps).toMatchObject([{ ok: false, error: { code: 'CLUSTER_START_FAILED' } }]);
  await rig.event('cluster-failed', 'web');
  rig.spawnFails = false;
  await back(context, clock);
  expect(rig.cluster('web').asked).toEqual(['resume', 'start its cluster process was lost']);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online' }]);
});

it('a successor that cannot bring the app up makes way for the next one', async () => {
  const { rig, clock, context } = await failedToSpawn();
  rig.script('web').refusal = new EvenkeelError('SPAWN_FAILED', 'web: too many open files');
  await back(context, clock);
  expect(await rig.event('cluster-failed', 'web', 2)).toMatchObject({ reason: 'too many open files', delayMs: 2000 });
  expect(rig.clusters.map(({ alive }) => alive)).toEqual([false, false, false, true]);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online' }]);
});

it('what somebody else has started meanwhile is left as it is', async () => {
  const { rig, clock, context } = await failedToSpawn();
  expect((await start(context, null)).apps).toMatchObject([{ action: 'start', ok: true }]);
  await back(context, clock);
  expect(rig.cluster('web').asked).toEqual(['start start']);
});

it('a restart that could not start the new one is finished as it was begun', async () => {
  const { rig, clock, context } = await started();
  rig.apps = [{ ...web, balance: 'round-robin' }];
  await reload(context);
  rig.spawnFails = true;
  expect((await restart(context, 'web')).apps).toMatchObject([{ ok: false, error: { code: 'CLUSTER_START_FAILED' } }]);
  await rig.event('cluster-failed', 'web');
  expect(context.fleet.state.app('web')).toMatchObject({
    wanted: true,
    restarting: { spec: { balance: 'round-robin' } },
  });
  // Whoever starts it meanwhile would have it ended again.
  expect((await start(context, null)).apps).toMatchObject([{ ok: false, error: { code: 'CLUSTER_LOST' } }]);
  rig.spawnFails = false;
  await back(context, clock);
  expect(rig.cluster('web').asked).toEqual(['start restart']);
  expect(context.fleet.runningSpec('web')?.balance).toBe('round-robin');
  expect(context.fleet.state.app('web').restarting).toBeNull();
});
