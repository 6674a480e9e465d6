// A start for which a hook fails: no worker is there whose restart policy would go on, so the manager does.

import { expect, it } from 'vitest';
import { EvenkeelError } from '../../src/core/errors.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { openHeldManager } from '../support/held-manager.ts';

const PORT = { kind: 'tcp', host: null, port: 3000 } as const;
const policy = { ...appSpec().restart, minDelay: 60_000, maxDelay: 60_000 };
const web = appSpec({ listen: [PORT], restart: policy });
type Scene = Awaited<ReturnType<typeof openHeldManager>>;

const VETO = 'hook deploy.before[0] exited with code 3';

it('is tried again until the hook passes, and what depends on it comes up then', async () => {
  const scene = await openHeldManager(web, appSpec({ name: 'api', dependsOn: ['web'] }));
  const { rig, clock, context } = scene;
  rig.script('web').veto = VETO;
  const { apps } = await start(context, null);
  expect(apps.map(({ ok, message }) => [ok, message])).toEqual([
    [false, `generation 1 failed: ${VETO}; it is tried again`],
    [false, 'it depends on web, which failed; it is started when that serves'],
  ]);
  expect((await status(context, null)).apps).toMatchObject([
    {
      state: 'backoff',
      problem: expect.stringMatching(/^hook .* exited with code 3; tried again in (1 min|[45]\d(\.\d)? s)$/),
      clusterPid: rig.cluster('web').pid,
    },
    { state: 'backoff', problem: 'waits until web serves' },
  ]);
  rig.script('web').veto = null;
  clock.skip(delayOf(scene, 'web'));
  await rig.event('deploy-finished', 'api');
  expect((await status(context, null)).apps).toMatchObject([{ state: 'online' }, { state: 'online' }]);
});

it('is tried again, too, after a try to which its cluster process does not answer', async () => {
  const scene = await openHeldManager(web);
  const { rig, clock, context } = scene;
  rig.script('web').veto = VETO;
  await start(context, null);
  Object.assign(rig.script('web'), {
    veto: null,
    refusal: new EvenkeelError('TIMED_OUT', 'web: no answer within 5 s'),
  });
  clock.skip(delayOf(scene, 'web'));
  await eventually('the try fails', () => rig.complaints.length > 0);
  expect(rig.complaints).toEqual(['web: no answer within 5 s']);
  expect(context.fleet.waits.of('web')).toMatchObject({ reason: 'no answer within 5 s', record: { failures: 2 } });
  clock.skip(delayOf(scene, 'web'));
  await rig.event('app-state', 'web');
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online', problem: null }]);
  await eventually('it does not wait any more', () => context.fleet.waits.of('web') === null);
});

it('is not tried again as often as the policy says, nor after a stop', async () => {
  const { rig, clock, context } = await openHeldManager({ ...web, restart: { ...policy, limit: 2 } });
  rig.script('web').veto = VETO;
  await start(context, null);
  const [again] = (await start(context, null)).apps;
  expect(again?.message).toBe(`generation 2 failed: ${VETO}; it is not tried again: \`evenkeel start web\` does`);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'failed', problem: `${VETO}; not tried again` }]);
  await stop(context, ['web'], null);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'stopped', problem: null }]);
  clock.skip(policy.maxDelay);
  expect(rig.isRunning('web')).toBe(false);
});

it('of a restart brings back what ran before, without its hooks', async () => {
  const { rig, context } = await openHeldManager(web);
  await start(context, null);
  rig.apps = [{ ...web, balance: 'round-robin' }];
  await reload(context);
  rig.script('web').veto = VETO;
  const { apps } = await restart(context, 'web');
  expect(apps).toMatchObject([
    { ok: false, message: expect.stringMatching(/failed: hook .*; what ran before runs again$/) },
  ]);
  expect(context.fleet.runningSpec('web')).toEqual(web);
  expect(rig.cluster('web').boot.sockets).toMatchObject([{ address: '3000' }]);
  expect([...rig.bound]).toEqual(['3000']);
  expect(context.fleet.state.app('web')).toMatchObject({ wanted: true, restarting: null });
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online' }]);
});

it('what depends on an app comes up when that serves with fewer workers, too', async () => {
  const { rig, context } = await openHeldManager(web, appSpec({ name: 'api', dependsOn: ['web'] }));
  Object.assign(rig.script('web'), { outcome: 'failed', reason: 'worker 0 exited' });
  await start(context, null);
  expect(rig.isRunning('api')).toBe(false);
  rig.cluster('web').tell({ type: 'app-state', state: 'degraded', previous: 'backoff' });
  await rig.event('deploy-finished', 'api');
});

/** Until the next try. No more may be skipped: the deadlines of that try would have passed as well. */
function delayOf({ clock, context }: Scene, app: string): number {
  return Number(context.fleet.waits.of(app)?.record.notBefore) - clock.now();
}
