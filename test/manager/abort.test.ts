// What a command has begun is given up when it is interrupted, and what it has not come to is not begun.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import type { ManagerContext } from '../../src/manager/context.ts';
import { abort, abortOperation } from '../../src/manager/operations/abort.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import type { RunningOperation } from '../../src/manager/under-way.ts';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { appSpec } from '../support/app-spec.ts';
import { HeldClock } from '../support/held-clock.ts';
import { ManagerRig } from '../support/manager-rig.ts';

interface Tracked {
  readonly id: number;
  readonly result: Promise<OperationResult>;
}

/** As the control API begins one. */
function begin(context: ManagerContext, run: (operation: RunningOperation) => Promise<OperationResult>): Tracked {
  let id = 0;
  const result = context.underWay.track((operation, number) => {
    id = number;
    return run(operation);
  });
  return { id, result };
}

const brief = ({ apps }: OperationResult) => apps.map(({ app, action, ok, message }) => [app, action, ok, message]);

it('a first start is stopped again, and what waits for it is not begun, now or later', async () => {
  const rig = new ManagerRig([
    appSpec({ name: 'web', dependsOn: ['api'] }),
    appSpec({ name: 'api', dependsOn: ['db'] }),
    appSpec({ name: 'db' }),
  ]);
  const { context } = await rig.open();
  rig.script('api').hold = deferred();
  const { id, result } = begin(context, (operation) => start(context, null, {}, operation));
  await rig.event('deploy-started', 'api');
  rig.cluster('api').tell({ type: 'app-state', state: 'starting', previous: 'stopped' });
  await rig.event('app-state', 'api');
  expect((await abortOperation(context, id)).ok).toBe(true);
  expect(brief(await result)).toEqual([
    ['web', 'skipped', false, 'it depends on api, which was aborted'],
    ['api', 'start', false, 'aborted; it is stopped again'],
    ['db', 'start', true, 'generation 1 serves'],
  ]);
  expect((await status(context, null)).apps).toMatchObject([
    { name: 'web', state: 'stopped' },
    { name: 'api', state: 'stopped' },
    { name: 'db', state: 'online' },
  ]);
  expect(rig.isRunning('web')).toBe(false);
  expect(context.fleet.state.app('web').wanted).toBe(false);
});

it('a command aborts a start under way as well: the app is stopped again', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  rig.script('web').hold = deferred();
  const starting = start(context, null);
  await rig.event('deploy-started', 'web');
  expect(brief(await abort(context, 'web'))).toEqual([
    ['web', 'abort', true, 'its start is aborted; it is stopped again'],
  ]);
  expect((await starting).apps).toMatchObject([{ action: 'start', ok: false, deploy: { outcome: 'aborted' } }]);
  expect((await status(context, null)).apps).toMatchObject([{ state: 'stopped' }]);
  expect(rig.isRunning('web')).toBe(false);
  await expect(abort(context, 'web')).rejects.toMatchObject({ code: 'APP_STOPPED' });
});

it('a reload goes no further, and leaves the deploy of somebody else alone', async () => {
  const rig = new ManagerRig([appSpec({ name: 'web' }), appSpec({ name: 'job' })]);
  const { context } = await rig.open();
  await start(context, null);
  rig.script('job').hold = deferred();
  const other = deploy(context, ['job'], {});
  await rig.event('deploy-started', 'job', 2);
  rig.script('web').hold = deferred();
  rig.apps = [appSpec({ name: 'web', env: { A: '1' } }), appSpec({ name: 'job', env: { A: '1' } })];
  const { id, result } = begin(context, (operation) => reload(context, undefined, operation));
  await rig.event('deploy-started', 'web', 2);
  await abortOperation(context, id);
  rig.script('job').hold?.resolve();
  expect((await other).ok).toBe(true);
  expect(brief(await result)).toEqual([
    ['web', 'deploy', false, 'generation 2 aborted: interrupted'],
    ['job', 'skipped', false, 'not begun, for the command was aborted'],
  ]);
});

it('one that is over cannot be aborted', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  const { id, result } = begin(context, (operation) => start(context, null, {}, operation));
  expect((await result).ok).toBe(true);
  await expect(abortOperation(context, id)).rejects.toMatchObject({ code: 'NO_DEPLOY' });
});

it('a reload of an app that is being brought back ends with its attempt, and the app is still to come', async () => {
  const web = appSpec({ listen: [{ kind: 'tcp', host: null, port: 3000 }] });
  const rig = new ManagerRig([web]);
  const before = await rig.open();
  await start(before.context, null);
  await before.close('killed');
  rig.cluster('web').die();
  rig.bound.clear();
  rig.spawnFails = true;
  rig.clock = new HeldClock();
  const { context } = await rig.open();
  await rig.event('cluster-failed', 'web');
  rig.apps = [appSpec({ listen: [{ kind: 'tcp', host: null, port: 3001 }] })];
  rig.script('web').hold = deferred();
  rig.spawnFails = false;
  const { id, result } = begin(context, (operation) => reload(context, undefined, operation));
  await rig.event('deploy-started', 'web', 2);
  expect((await abortOperation(context, id)).ok).toBe(true);
  expect(brief(await result)).toEqual([['web', 'start', false, 'generation 2 aborted: interrupted']]);
  expect(context.fleet.state.app('web').wanted).toBe(true);
  expect(context.fleet.handle('web').revival).not.toBeNull();
});

it('a start leaves alone what runs already, whatever has become of what it depends on', async () => {
  const rig = new ManagerRig([appSpec({ dependsOn: ['db'] }), appSpec({ name: 'db' })]);
  const { context } = await rig.open();
  await start(context, null);
  await stop(context, ['db'], null);
  Object.assign(rig.script('db'), { outcome: 'failed', reason: 'worker 0 exited' });
  expect(brief(await start(context, null))).toEqual([
    ['web', 'none', true, 'already running'],
    ['db', 'start', false, 'generation 2 failed: worker 0 exited'],
  ]);
});
