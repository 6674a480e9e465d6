// What a deploy will have changed of an app, when the manager that has begun it is gone: the next one settles it by what the
// app's cluster process says.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { start } from '../../src/manager/operations/start.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const CHANGE = { env: { A: '1' } };

/** Generation 2, which brings the change, is under way when the manager goes. */
async function interrupted() {
  const rig = new ManagerRig([appSpec()]);
  const manager = await rig.open();
  await start(manager.context, null);
  rig.script('web').hold = deferred();
  const deploying = deploy(manager.context, ['web'], CHANGE);
  await rig.event('deploy-started', 'web', 2);
  await manager.close('killed');
  await deploying;
  rig.script('web').hold = null;
  return rig;
}

it('counts also where the cluster process is killed too, after its workers served', async () => {
  const rig = await interrupted();
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
  const rig = await interrupted();
  const { context } = await rig.open();
  expect(context.fleet.state.app('web').pending).not.toBeNull();
  await stop(context, ['web'], null);
  expect((await start(context, ['web'])).ok).toBe(true);
  expect(context.fleet.state.app('web')).toMatchObject({ pending: null, override: null });
});
