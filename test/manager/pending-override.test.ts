// What a deploy will have changed of an app, when the manager that has begun it is gone: the next one settles it by what the
// app's cluster process says.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { EvenkeelError } from '../../src/core/errors.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { start } from '../../src/manager/operations/start.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const CHANGE = { env: { A: '1' } };

/** Generation 2, which brings the change, is under way when the manager goes. */
async function interrupted() {
  const rig = new ManagerRig([appSpec()]);
  const manager = await rig.open();
  await start(manager.context, null);
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  const deploying = deploy(manager.context, ['web'], CHANGE);
  await rig.event('deploy-started', 'web', 2);
  await manager.close('killed');
  await deploying;
  rig.script('web').hold = null;
  return { rig, hold };
}

it('counts also where the cluster process is killed too, after its workers served', async () => {
  const { rig } = await interrupted();
  const cluster = rig.cluster('web');
  const { memory } = cluster;
  if (memory.current === null) throw new Error('nothing was deployed');
  memory.current = { ...memory.current, generation: 2, spec: appSpec(CHANGE) };
  cluster.die();
  const { context } = await rig.open();
  await context.fleet.handle('web').revival;
  expect(rig.cluster('web').asked).toEqual(['resume']);
  expect(context.fleet.state.app('web')).toMatchObject({ pending: null, override: CHANGE });
});

it('is forgotten where the app is stopped in the midst of it: what it is started with later is not that', async () => {
  const { rig } = await interrupted();
  const { context } = await rig.open();
  expect(context.fleet.state.app('web').pending).not.toBeNull();
  await stop(context, ['web'], null);
  expect((await start(context, ['web'])).ok).toBe(true);
  expect(context.fleet.state.app('web')).toMatchObject({ pending: null, override: null });
});

it('counts also where only the connection to the cluster process breaks', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  await start(context, null);
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  const deploying = deploy(context, ['web'], CHANGE);
  await rig.event('deploy-started', 'web', 2);
  rig.cluster('web').disconnect();
  await eventually('it is looked for', () => rig.cluster('web').asked.includes('history'));
  hold.resolve();
  expect((await deploying).ok).toBe(true);
  expect(context.fleet.state.app('web')).toMatchObject({ pending: null, override: CHANGE });
});

it('is not forgotten for another deploy that is refused as long as it goes on', async () => {
  const { rig, hold } = await interrupted();
  const { context } = await rig.open();
  rig.apps = [appSpec({ env: { B: '1' } })];
  expect((await reload(context)).apps).toMatchObject([{ ok: false, error: { code: 'DEPLOY_IN_PROGRESS' } }]);
  hold.resolve();
  await eventually('it is settled', () => context.fleet.state.app('web').pending === null);
  expect(context.fleet.state.app('web').override).toEqual(CHANGE);
});

it('is taken back with what was bound for it, where the deploy is refused', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  await start(context, null);
  await deploy(context, ['web'], CHANGE);
  rig.script('web').refusal = new EvenkeelError('SHUTTING_DOWN', 'web is being stopped');
  rig.apps = [appSpec({ listen: [{ kind: 'tcp', host: null, port: 3000 }] })];
  expect((await reload(context)).apps).toMatchObject([{ ok: false, error: { code: 'SHUTTING_DOWN' } }]);
  expect(context.fleet.state.app('web')).toMatchObject({ pending: null, override: CHANGE });
  expect([...rig.bound]).toEqual([]);
});
