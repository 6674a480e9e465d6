// An address that goes from one app to another is open all the time, held by the manager and by a cluster process that may
// outlive it.

import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import type { ManagerContext } from '../../src/manager/context.ts';
import { DeclaredSockets } from '../../src/manager/declared-sockets.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { rollback } from '../../src/manager/operations/rollback.ts';
import { start } from '../../src/manager/operations/start.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { openHeldManager } from '../support/held-manager.ts';

const port = (number: number) => ({ kind: 'tcp', host: null, port: number }) as const;
const web = appSpec({ listen: [port(1)] });
const api = appSpec({ name: 'api' });
/** web gives 1 to api. */
const MOVED = [
  { ...web, listen: [] },
  { ...api, listen: [port(1)] },
];

async function started(...apps: readonly AppSpec[]) {
  const scene = await openHeldManager(...apps);
  await start(scene.context, null);
  return scene;
}

const held = (context: ManagerContext, app: string) => context.fleet.sockets.of(app).map(({ address }) => address);

it('is with the cluster process that is to have it before it is given up, also where it has to be fetched first', async () => {
  const { rig, manager } = await started(web, api);
  await manager.close('test');
  const gate = deferred<void>();
  rig.fetchGate = gate;
  const { context } = await rig.open();
  await eventually('it is being fetched', () => rig.fetches.length === 1);
  rig.apps = MOVED;
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  const reloading = reload(context);
  await eventually('it is noted', () => context.fleet.state.reloading !== null);
  await context.fleet.state.flush();
  gate.resolve();
  await rig.event('deploy-started', 'web', 2);
  expect([held(context, 'web'), held(context, 'api'), [...rig.cluster('api').received]]).toEqual([[], ['1'], ['1']]);
  hold.resolve();
  expect(await reloading).toMatchObject({ ok: true, notices: [] });
  expect([held(context, 'web'), held(context, 'api')]).toEqual([[], ['1']]);
});

it('is not fetched back from who gives it up', async () => {
  const { rig, context } = await started(web, api);
  rig.apps = MOVED;
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  const reloading = reload(context);
  await rig.event('deploy-started', 'web', 2);
  const reconnected = rig.cluster('web').connected();
  rig.cluster('web').disconnect();
  await reconnected;
  await context.fleet.handle('web').revival;
  hold.resolve();
  expect((await reloading).ok).toBe(true);
  expect(rig.fetches).toEqual([]);
  expect([held(context, 'web'), held(context, 'api')]).toEqual([[], ['1']]);
});

it('is let go of by the cluster process that was to have it, where it stays with who has it', async () => {
  const { rig, context } = await started(web, api);
  rig.apps = MOVED;
  rig.script('web').outcome = 'failed';
  expect((await reload(context)).apps).toMatchObject([{ ok: false }, { action: 'skipped' }]);
  expect([held(context, 'web'), held(context, 'api'), [...rig.cluster('api').received]]).toEqual([['1'], [], []]);
  // It gets it anew when nobody has it any more.
  await stop(context, ['web'], null);
  expect((await reload(context)).ok).toBe(true);
  expect([held(context, 'api'), [...rig.cluster('api').received]]).toEqual([['1'], ['1']]);
});

it('costs nobody the result of a reload where that one hangs', async () => {
  const { rig, clock, context } = await started(web, api);
  rig.apps = MOVED;
  rig.script('web').outcome = 'failed';
  const hung = rig.cluster('api');
  hung.frozen = true;
  const reloading = reload(context);
  const result = await eventually('it is done without it', () => {
    clock.skip(500);
    return Promise.race([reloading, null]);
  });
  expect(result.apps).toMatchObject([{ ok: false }, { action: 'skipped' }]);
  expect(hung.asked).toEqual(['start start', 'apply-live ']);
  expect(rig.complaints).toMatchObject([{ code: 'TIMED_OUT' }, { code: 'TIMED_OUT' }]);
});

it('is closed where a deploy drops it that an earlier manager has begun', async () => {
  const { rig, manager, context } = await started(web);
  rig.apps = [{ ...web, listen: [port(1), port(2)] }];
  await reload(context);
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  const rolling = rollback(context, 'web', {});
  await rig.event('deploy-started', 'web', 3);
  await manager.close('killed');
  await rolling;
  const next = await rig.open();
  await rig.event('sockets-taken', 'web');
  expect(held(next.context, 'web')).toEqual(['1', '2']);
  // As whatever else is done to the app just then.
  const busy = deferred<void>();
  void next.context.fleet.lane('web').run('operation', () => busy.promise);
  hold.resolve();
  await eventually('it is deployed', () => next.context.fleet.runningSpec('web')?.listen.length === 1);
  busy.resolve();
  await eventually('the other one is closed', () => !rig.bound.has('2'));
  expect(held(next.context, 'web')).toEqual(['1']);
});

it('stays where it is to go when something else ends there meanwhile', async () => {
  const { rig, context } = await started(web, api);
  const hold = deferred<void>();
  rig.script('web').hold = hold;
  rig.apps = MOVED;
  const reloading = reload(context);
  await rig.event('deploy-started', 'web', 2);
  expect(await restart(context, 'api')).toMatchObject({ ok: true });
  await context.fleet.lane('api').run('operation', async () => undefined);
  expect([held(context, 'web'), held(context, 'api')]).toEqual([[], ['1']]);
  hold.resolve();
  expect(await reloading).toMatchObject({ ok: true });
  expect([held(context, 'web'), held(context, 'api')]).toEqual([[], ['1']]);
});

it('is not taken where another app has it by then', () => {
  const sockets = new DeclaredSockets((address) => ({
    ...{ address: String(address.kind === 'tcp' && address.port), port: null, fd: 0 },
    ...{ giveTo: () => {}, close: () => {} },
  }));
  sockets.hold('api', { listen: [port(1)], user: null });
  let closed = false;
  const close = (): void => {
    closed = true;
  };
  expect(sockets.take('web', port(1), { fd: 0, close, listen: () => 0, setBlocking: () => 0 })).toBe(false);
  expect([closed, sockets.of('web'), sockets.of('api')]).toMatchObject([true, [], [{ address: '1' }]]);
});
