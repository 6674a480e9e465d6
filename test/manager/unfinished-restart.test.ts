// A manager goes in the midst of a restart that stops the app first: the app was never meant to be down, and the next manager
// brings it up as the restart would have.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { EvenkeelError } from '../../src/core/errors.ts';
import type { Manager } from '../../src/manager/open-manager.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const PORT = { kind: 'tcp', host: null, port: 3000 } as const;
const web = appSpec({ listen: [PORT] });
const changed = appSpec({ ...web, balance: 'round-robin' });

/** The old cluster process has been told to stop, and the manager has gone. */
async function interrupted(wanted = changed, taken: readonly string[] = []) {
  const rig = new ManagerRig([web]);
  for (const address of taken) rig.taken.add(address);
  const manager = await rig.open();
  await start(manager.context, null);
  rig.apps = [wanted];
  await reload(manager.context);
  const cluster = rig.cluster('web');
  cluster.frozen = true;
  const restarting = restart(manager.context, 'web');
  await eventually('it is being stopped', () => cluster.asked.includes('stop'));
  await manager.close('killed');
  await restarting;
  rig.bound.clear();
  return { rig, cluster };
}

async function expectUp(rig: ManagerRig, { context }: Manager): Promise<void> {
  await context.fleet.handle('web').revival;
  expect(rig.cluster('web').asked).toEqual(['start restart']);
  expect(rig.cluster('web').memory.current?.spec.balance).toBe('round-robin');
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online' }]);
  expect(context.fleet.state.app('web')).toMatchObject({ wanted: true, restarting: null });
  expect(rig.complaints).toEqual([]);
}

it('while the workers drain still', async () => {
  const { rig, cluster } = await interrupted();
  cluster.frozen = false;
  await expectUp(rig, await rig.open());
  expect(rig.clusters.map(({ asked }) => asked)).toEqual([['start start', 'stop', 'stop'], ['start restart']]);
});

it('when the old cluster process has ended by the time the next manager comes', async () => {
  const { rig, cluster } = await interrupted();
  cluster.die();
  await expectUp(rig, await rig.open());
});

it('also where the config cannot be used by then', async () => {
  const { rig, cluster } = await interrupted();
  cluster.die();
  rig.config = new EvenkeelError('CONFIG_INVALID', 'invalid');
  await expectUp(rig, await rig.open());
});

it('as it ran, where somebody else has an address that was to come', async () => {
  const { rig, cluster } = await interrupted({ ...web, listen: [PORT, { ...PORT, port: 3001 }] }, ['3001']);
  cluster.die();
  const { context } = await rig.open();
  await context.fleet.handle('web').revival;
  expect(rig.cluster('web').asked).toEqual(['start restart']);
  expect(context.fleet.runningSpec('web')).toEqual(web);
  expect(context.fleet.state.app('web')).toMatchObject({ wanted: true, restarting: null });
  expect(rig.complaints).toEqual(['web: cannot listen on 3001: it is in use']);
});

it('unless somebody stops it', async () => {
  const { rig, cluster } = await interrupted();
  cluster.die();
  rig.bootGate = deferred();
  const { context } = await rig.open();
  await eventually('a successor boots', () => rig.clusters.length === 2);
  const stopping = stop(context, ['web'], null);
  rig.bootGate.resolve();
  expect((await stopping).apps).toMatchObject([{ ok: true, message: 'stopped' }]);
  await context.fleet.handle('web').revival;
  expect(rig.isRunning('web')).toBe(false);
  expect(context.fleet.state.app('web')).toMatchObject({ wanted: false, restarting: null });
});
