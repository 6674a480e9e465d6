import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../src/client/operation-outcome.ts';
import { deferred } from '../../src/core/deferred.ts';
import { EvenkeelError } from '../../src/core/errors.ts';
import type { ManagerContext } from '../../src/manager/context.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { plan } from '../../src/manager/operations/plan.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { rollback } from '../../src/manager/operations/rollback.ts';
import { scale } from '../../src/manager/operations/scale.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const [web, api, job, old] = ['web', 'api', 'job', 'old'].map((name) => appSpec({ name })) as [
  ReturnType<typeof appSpec>,
  ReturnType<typeof appSpec>,
  ReturnType<typeof appSpec>,
  ReturnType<typeof appSpec>,
];
const port = (number: number) => ({ kind: 'tcp', host: null, port: number }) as const;

async function started(...apps: (typeof web)[]) {
  const rig = new ManagerRig(apps);
  const { context } = await rig.open();
  await start(context, null);
  for (const cluster of rig.clusters) cluster.asked.length = 0;
  return { rig, context };
}

it('does to each app what its change needs, and touches no other', async () => {
  const { rig, context } = await started(web, api, job, old);
  rig.apps = [
    { ...web, env: { PORT: '1' } },
    { ...api, workers: 4, stop: { ...api.stop, timeout: 1000 } },
    { ...job, restart: { ...job.restart, limit: 5 } },
    appSpec({ name: 'fresh' }),
  ];
  const { ok, apps } = await reload(context);
  expect(ok).toBe(true);
  expect(apps.map(({ app, action, reasons }) => [app, action, reasons])).toEqual([
    ['web', 'deploy', ['env.PORT added']],
    ['api', 'scale', ['workers 2 → 4', 'stop.timeout 30 s → 1 s']],
    ['job', 'live', ['restart.limit 0 → 5']],
    ['fresh', 'start', ['added to the config']],
    ['old', 'stop', ['removed from the config']],
  ]);
  expect(rig.cluster('web').asked).toEqual(['deploy env.PORT added']);
  expect(rig.cluster('api').asked).toEqual(['apply-live stop.timeout', 'scale 4']);
  expect(rig.cluster('job').asked).toEqual(['apply-live restart.limit']);
  expect(rig.isRunning('old')).toBe(false);
});

it('a second reload has nothing to do', async () => {
  const { rig, context } = await started(web, api);
  rig.apps = [
    { ...web, env: { A: '1' } },
    { ...api, workers: 3 },
  ];
  await reload(context);
  const again = await reload(context);
  expect(again.apps.map(({ action, message }) => [action, message])).toEqual([
    ['none', 'unchanged'],
    ['none', 'unchanged'],
  ]);
  expect((await plan(context)).changes.map(({ action }) => action)).toEqual(['none', 'none']);
});

it.each([
  ['while it ran', async () => undefined],
  ['after it was stopped', (context: ManagerContext) => stop(context, ['api'], null)],
])('an app that was removed from the config %s, and is added again, is started', async (_when, before) => {
  const { rig, context } = await started(web, api);
  await before(context);
  rig.apps = [web];
  await reload(context);
  rig.apps = [web, api];
  const { apps } = await reload(context);
  expect(apps.map(({ app, action, reasons }) => [app, action, reasons])).toEqual([
    ['web', 'none', []],
    ['api', 'start', ['added to the config']],
  ]);
  expect(rig.isRunning('api')).toBe(true);
});

it('an invalid config changes nothing and is thrown with its problems', async () => {
  const { rig, context } = await started(web);
  const problem = { file: '/c', line: 1, column: 1, path: 'apps', message: 'wrong', hint: null };
  rig.config = new EvenkeelError('CONFIG_INVALID', 'invalid', { problems: [problem] });
  await expect(reload(context)).rejects.toMatchObject({ code: 'CONFIG_INVALID', problems: [problem] });
  await expect(plan(context)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(rig.cluster('web').asked).toEqual([]);
  expect(rig.events.filter(({ type }) => type === 'config-invalid')).toHaveLength(1);
  expect(rig.events.at(-1)).toMatchObject({ type: 'reload-finished', ok: false, changes: 0 });
});

it('a failing app fails alone: the others are reconciled, its dependents skipped', async () => {
  const dependent = { ...api, dependsOn: ['web'] };
  const { rig, context } = await started(web, dependent, job);
  rig.script('web').outcome = 'failed';
  rig.script('web').reason = 'worker 0 exited with code 1';
  rig.apps = [web, dependent, job].map((app) => ({ ...app, env: { A: '1' } }));
  const { ok, apps } = await reload(context);
  expect(ok).toBe(false);
  expect(apps.map(({ app, action, ok, message }) => [app, action, ok, message])).toEqual([
    ['web', 'deploy', false, 'generation 2 failed: worker 0 exited with code 1'],
    ['api', 'skipped', false, 'it depends on web, which failed'],
    ['job', 'deploy', true, 'generation 2 serves'],
  ]);
  expect((await plan(context)).changes.map(({ action }) => action)).toEqual(['deploy', 'deploy', 'none']);
});

it('a plan says of an address that is no longer declared what comes of an app that wants it all the same', async () => {
  const declared = { ...web, listen: [port(3000), port(3001)] };
  const { rig, context } = await started(declared, api);
  rig.apps = [{ ...web, listen: [port(3001)] }, api];
  expect((await plan(context)).notices).toEqual([
    expect.stringMatching(/^web: 3000 no longer declared; .*EADDRINUSE.*`evenkeel restart web`$/),
  ]);
  // Another one gets it.
  rig.apps = [
    { ...web, listen: [port(3001)] },
    { ...api, listen: [port(3000)] },
  ];
  expect((await plan(context)).notices).toEqual([]);
});

it('another state directory waits for another manager: a plan says so too', async () => {
  const { rig, context } = await started(web);
  const { config } = rig;
  if (config instanceof EvenkeelError) throw config;
  rig.config = { ...config, stateDir: '/elsewhere' };
  const notice = expect.stringContaining('stateDir changed; takes effect when the manager is started anew');
  expect((await plan(context)).notices).toEqual([notice]);
  expect((await reload(context)).notices).toEqual([notice]);
});

it('what may be a slip in the config is said by a plan, a reload, and a start that brings something up', async () => {
  const { rig, context } = await started(web);
  const { config } = rig;
  if (config instanceof EvenkeelError) throw config;
  const notices = ['apps.web.stop.timeout is 5 ms'];
  rig.config = { ...config, notices };
  expect((await plan(context)).notices).toEqual(notices);
  expect((await reload(context)).notices).toEqual(notices);
  expect((await start(context, null)).notices).toEqual([]);
  await stop(context, ['web'], null);
  expect((await start(context, null)).notices).toEqual(notices);
});

it('an app that is to stay as it is has not failed with one that it depends on', async () => {
  const dependent = { ...api, dependsOn: ['web'] };
  const further = { ...job, dependsOn: ['api'] };
  const { rig, context } = await started(web, dependent, further);
  rig.script('web').outcome = 'failed';
  rig.apps = [{ ...web, env: { A: '1' } }, dependent, { ...further, env: { A: '1' } }];
  const { apps } = await reload(context);
  expect(apps.map(({ app, action, ok }) => [app, action, ok])).toEqual([
    ['web', 'deploy', false],
    ['api', 'none', true],
    ['job', 'deploy', true],
  ]);
});

it.each([
  ['scaled', (context: ManagerContext) => scale(context, 'api', 4), 'workers 4 → 2'],
  [
    'rolled back',
    async (context: ManagerContext) => {
      await deploy(context, ['api'], {});
      await rollback(context, 'api', { to: 1 });
    },
    'undoes the rollback to 1',
  ],
])(
  'of a stopped app that was %s: status, plan and reload tell the same, and it starts as the file says',
  async (_, change, undone) => {
    const { context } = await started(web, api);
    await change(context);
    await stop(context, ['api'], null);
    expect((await status(context, 'api')).apps).toMatchObject([{ state: 'stopped', drift: true }]);
    const told = { app: 'api', action: 'live', reasons: ['stays stopped', undone] };
    expect((await plan(context)).changes).toMatchObject([{ action: 'none' }, told]);
    const { apps } = await reload(context);
    expect(apps[1]).toMatchObject({ ...told, ok: true, message: 'the next start goes by the file' });
    expect((await status(context, 'api')).apps).toMatchObject([{ state: 'stopped', drift: false }]);
    expect((await plan(context)).changes.map(({ action }) => action)).toEqual(['none', 'none']);
    await start(context, ['api']);
    expect(context.fleet.runningSpec('api')).toEqual(api);
  },
);

it('leaves a stopped app stopped', async () => {
  const { rig, context } = await started(web, api);
  await stop(context, ['web'], null);
  rig.apps = [{ ...web, workers: 7 }, api];
  expect((await reload(context)).apps.map(({ action }) => action)).toEqual(['none', 'none']);
  expect(rig.isRunning('web')).toBe(false);
});

it('tries again to start what could not be started', async () => {
  const { rig, context } = await started(web);
  // Not by itself in between.
  const restart = { ...api.restart, minDelay: 60_000, maxDelay: 60_000 };
  const listening = { ...api, restart, listen: [port(1)] };
  rig.taken.add('1');
  rig.apps = [web, listening];
  expect((await reload(context)).apps).toMatchObject([{}, { action: 'start', error: { code: 'LISTEN_FAILED' } }]);
  rig.taken.clear();
  expect((await reload(context)).apps).toMatchObject([{}, { action: 'start', reasons: ['not running'], ok: true }]);
});

it('undoes what commands have changed, and that is drift until then', async () => {
  const { context } = await started(web);
  expect((await scale(context, 'web', 5)).apps).toMatchObject([{ action: 'scale', message: 'workers 2 → 5' }]);
  expect((await status(context, null)).apps).toMatchObject([{ desired: 5, drift: true }]);
  expect((await plan(context)).changes).toMatchObject([{ action: 'scale', reasons: ['workers 5 → 2'] }]);
  await reload(context);
  expect((await status(context, null)).apps).toMatchObject([{ desired: 2, drift: false }]);
});

it('undoes also what a deploy that is under way brings', async () => {
  const { rig, context } = await started({ ...web, env: { A: 'file' } });
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], { env: { A: 'command' } });
  await rig.event('deploy-started', 'web', 2);
  const reloading = reload(context);
  await rig.event('reload-started');
  rig.script('web').hold?.resolve();
  expect((await deploying).ok).toBe(true);
  expect((await reloading).apps).toMatchObject([{ action: 'deploy', reasons: ['env.A changed'] }]);
  expect((await status(context, null)).apps).toMatchObject([{ drift: false }]);
  await stop(context, ['web'], null);
  await start(context, ['web']);
  expect(context.fleet.runningSpec('web')?.env).toEqual({ A: 'file' });
});

it('undoes also a scale that is under way', async () => {
  const { rig, context } = await started(web);
  rig.script('web').hold = deferred();
  const scaling = scale(context, 'web', 5);
  await eventually('it is asked for', () => rig.cluster('web').asked.length > 0);
  const reloading = reload(context);
  await rig.event('reload-started');
  rig.script('web').hold?.resolve();
  expect([(await scaling).ok, (await reloading).ok]).toEqual([true, true]);
  expect((await status(context, null)).apps).toMatchObject([{ desired: 2, drift: false }]);
});

it('where it fails, what runs is as commands have left it, and that stays drift', async () => {
  const { rig, context } = await started(web, api);
  await deploy(context, ['web'], { env: { A: 'command' } });
  await scale(context, 'api', 5);
  for (const app of ['web', 'api']) Object.assign(rig.script(app), { outcome: 'failed', reason: 'broken' });
  expect((await reload(context)).apps).toMatchObject([
    { action: 'deploy', ok: false },
    { action: 'scale', ok: false, message: 'broken' },
  ]);
  expect((await status(context, null)).apps).toMatchObject([{ drift: true }, { drift: true }]);
  expect(context.fleet.wantedSpec('web').env).toEqual({ A: 'command' });
});

it('undoes a rollback by a deploy, also where no setting differs: its links may lead elsewhere by now', async () => {
  const { rig, context } = await started(web);
  await deploy(context, ['web'], {});
  await rollback(context, 'web', { to: 1 });
  const undone = {
    action: 'deploy',
    reasons: ['undoes the rollback to 1, so the code at the paths of the file runs again'],
  };
  expect((await plan(context)).changes).toMatchObject([undone]);
  expect((await reload(context)).apps).toMatchObject([{ ...undone, ok: true }]);
  expect(rig.cluster('web').asked.at(-1)).toBe(`deploy ${undone.reasons}`);
  expect((await status(context, null)).apps).toMatchObject([{ drift: false }]);
  expect((await plan(context)).changes).toMatchObject([{ action: 'none' }]);
});

it('keeps nothing of an app that it has removed', async () => {
  const timers = new Set<object>();
  const rig = new ManagerRig([web, api]);
  rig.clock = {
    ...systemClock,
    // Of the heartbeats, which beat together.
    setTimer(at, fire) {
      const timer = systemClock.setTimer(at, () => {
        timers.delete(timer);
        fire();
      });
      if (at % 15_000 === 0) timers.add(timer);
      return {
        cancel() {
          timers.delete(timer);
          timer.cancel();
        },
      };
    },
  };
  const { context } = await rig.open();
  await start(context, null);
  expect(timers.size).toBe(2);
  const before = context.fleet.handle('api');
  rig.apps = [web];
  await reload(context);
  expect(timers.size).toBe(1);
  expect(context.fleet.handle('api')).not.toBe(before);
});

it('passes a new address to the running cluster process, and lets a removed one go', async () => {
  const { rig, context } = await started({ ...web, listen: [port(1)] });
  rig.apps = [{ ...web, listen: [port(2)] }];
  expect((await reload(context)).apps).toMatchObject([{ action: 'deploy', ok: true, reasons: ['listen changed'] }]);
  expect([...rig.cluster('web').received]).toEqual(['1', '2']);
  expect([...rig.bound]).toEqual(['2']);
});

it('an address that cannot be bound waits for a restart, and the rest is deployed', async () => {
  const { rig, context } = await started(web);
  rig.taken.add('1');
  rig.apps = [{ ...web, listen: [port(1)], env: { A: '1' } }];
  const { ok, notices } = await reload(context);
  expect(ok).toBe(true);
  expect(notices).toEqual([
    'web: listen changed, but cannot listen on 1: it is in use; where web itself has it, it takes effect at `evenkeel restart web`',
  ]);
  expect(context.fleet.runningSpec('web')).toMatchObject({ listen: [], env: { A: '1' } });
  rig.taken.clear();
  await restart(context, 'web');
  expect(context.fleet.runningSpec('web')).toMatchObject({ listen: [port(1)] });
  expect(rig.cluster('web').boot.sockets).toMatchObject([{ address: '1' }]);
});

it('an address that waits for a restart is planned as that, until it can be had', async () => {
  const { rig, context } = await started(web);
  rig.taken.add('1');
  rig.apps = [{ ...web, listen: [port(1)] }];
  expect((await plan(context)).changes).toMatchObject([{ action: 'deploy' }]);
  await reload(context);
  const waits = 'web: listen changed; takes effect at `evenkeel restart web`';
  expect(await plan(context)).toMatchObject({ changes: [{ action: 'none' }], notices: [waits] });
  expect(await reload(context)).toMatchObject({ apps: [{ action: 'none', ok: true }], notices: [waits] });
  rig.taken.clear();
  expect(await reload(context)).toMatchObject({ apps: [{ action: 'deploy', ok: true }], notices: [] });
  expect((await plan(context)).changes).toMatchObject([{ action: 'none' }]);
});

it('a restart for an address that somebody else has puts the app back as it ran', async () => {
  const { rig, context } = await started(web);
  const moved = { ...web, env: { PORT: '1' }, listen: [{ kind: 'tcp' as const, host: null, port: 1 }] };
  rig.taken.add('1');
  rig.apps = [moved];
  await reload(context);
  const { apps } = await restart(context, 'web');
  expect(apps).toMatchObject([{ ok: false, error: { code: 'LISTEN_FAILED' } }]);
  expect(context.fleet.runningSpec('web')?.listen).toEqual(web.listen);
  rig.taken.delete('1');
  // Once it can be had, it comes with what the file says besides: an app is told its port by an option of its own.
  expect((await restart(context, 'web')).ok).toBe(true);
  expect(context.fleet.runningSpec('web')).toMatchObject({ env: moved.env, listen: moved.listen });
});

it('a changed balance waits for a restart, which starts a new cluster process', async () => {
  const { rig, context } = await started(web);
  rig.apps = [{ ...web, balance: 'round-robin' }];
  const { apps, notices } = await reload(context);
  expect(apps).toMatchObject([{ action: 'none' }]);
  expect(notices).toEqual(['web: balance changed; takes effect at `evenkeel restart web`']);
  const before = rig.cluster('web');
  expect((await restart(context, 'web')).ok).toBe(true);
  expect(before.alive).toBe(false);
  expect(context.fleet.runningSpec('web')?.balance).toBe('round-robin');
  expect((await reload(context)).notices).toEqual([]);
});

it('restarts in place where nothing waits', async () => {
  const { rig, context } = await started(web);
  expect((await restart(context, 'web')).apps).toMatchObject([
    { action: 'restart', ok: true, message: 'restarted: generation 2 serves' },
  ]);
  expect(rig.cluster('web').asked).toEqual(['restart']);
});

it.each([
  ['failed', 1],
  ['aborted', 1],
  ['timed-out', 4],
] as const)('a restart that has %s says so, and why', async (outcome, exit) => {
  const { rig, context } = await started(web);
  Object.assign(rig.script('web'), { outcome, reason: 'no script' });
  const result = await restart(context, 'web');
  expect(result.apps).toMatchObject([
    { action: 'restart', ok: false, message: `generation 2 ${outcome}: no script`, deploy: { outcome } },
  ]);
  expect(exitCodeOf(result)).toBe(exit);
});

it('reloads one after the other', async () => {
  const { rig, context } = await started(web);
  rig.script('web').hold = deferred();
  rig.apps = [{ ...web, env: { A: '1' } }];
  const first = reload(context);
  await rig.event('deploy-started', 'web', 2);
  rig.apps = [{ ...web, env: { A: '2' } }];
  const second = reload(context);
  rig.script('web').hold?.resolve();
  expect((await first).apps).toMatchObject([{ reasons: ['env.A added'] }]);
  expect((await second).apps).toMatchObject([{ reasons: ['env.A changed'] }]);
});

it('passes on a new address that is bound already: for a deploy that came to nothing', async () => {
  const { rig, context } = await started({ ...web, listen: [port(1)] });
  context.fleet.sockets.hold('web', { listen: [port(2)], user: null });
  rig.apps = [{ ...web, listen: [port(2)] }];
  expect((await reload(context)).apps).toMatchObject([{ action: 'deploy', ok: true }]);
  expect([...rig.cluster('web').received]).toEqual(['1', '2']);
});

it('goes by the profile that it is told, and stays with it', async () => {
  const { rig, context } = await started(web);
  await plan(context, 'large');
  const spec = rig.config;
  if (spec instanceof EvenkeelError) throw spec;
  rig.config = { ...spec, profile: 'large' };
  expect((await reload(context, 'large')).notices).toEqual(['reloads go with profile large from now on']);
  expect((await reload(context)).notices).toEqual([]);
  rig.config = new EvenkeelError('CONFIG_INVALID', 'there is no such profile');
  await expect(reload(context, 'huge')).rejects.toThrow();
  rig.config = spec;
  await reload(context, null);
  await plan(context);
  expect(rig.profiles).toEqual(['large', 'large', 'large', 'huge', null, null]);
});

describe('an address that goes from one app to another', () => {
  const listening = (app: typeof web, ...ports: number[]) => ({ ...app, listen: ports.map(port) });
  const held = (context: ManagerContext, app: string) => context.fleet.sockets.of(app).map(({ address }) => address);

  it('is handed over, after who had it has given it up', async () => {
    const { rig, context } = await started(listening(web), listening(api, 1));
    const hold = deferred<void>();
    rig.script('api').hold = hold;
    rig.apps = [listening(web, 1), listening(api)];
    const reloading = reload(context);
    await eventually('api is being deployed', () => rig.cluster('api').asked.length > 0);
    expect(rig.cluster('web').asked).toEqual([]);
    expect(rig.bound).toEqual(new Set(['1']));
    hold.resolve();
    expect(await reloading).toMatchObject({
      ...{ ok: true, notices: [] },
      apps: [{ reasons: ['listen changed', 'takes 1 from api'] }, { reasons: ['listen changed', 'gives 1 to web'] }],
    });
    expect([held(context, 'web'), held(context, 'api')]).toEqual([['1'], []]);
    expect(rig.cluster('web').received).toContain('1');
  });

  it('and of two that swap, both', async () => {
    const { rig, context } = await started(listening(web, 1), listening(api, 2));
    rig.apps = [listening(web, 2), listening(api, 1)];
    expect(await reload(context)).toMatchObject({ ok: true, notices: [] });
    expect([held(context, 'web'), held(context, 'api')]).toEqual([['2'], ['1']]);
    expect((await plan(context)).changes.map(({ action }) => action)).toEqual(['none', 'none']);
  });

  it('stays with who does not give it up', async () => {
    const { rig, context } = await started(listening(web), listening(api, 1));
    rig.script('api').outcome = 'failed';
    rig.apps = [listening(web, 1), listening(api)];
    expect((await reload(context)).apps).toMatchObject([
      { app: 'web', action: 'skipped', ok: false, message: '1 is still with api, which failed' },
      { app: 'api', ok: false },
    ]);
    expect([held(context, 'web'), held(context, 'api')]).toEqual([[], ['1']]);
    rig.script('api').outcome = 'done';
    expect((await reload(context)).ok).toBe(true);
    expect([held(context, 'web'), held(context, 'api')]).toEqual([['1'], []]);
  });

  it('is shared where two swap and the second one fails, and the reload says so', async () => {
    const { rig, context } = await started(listening(web, 1), listening(api, 2));
    // It comes after api.
    rig.script('web').outcome = 'failed';
    rig.apps = [listening(web, 2), listening(api, 1)];
    const { apps, notices } = await reload(context);
    expect(apps.map(({ ok }) => ok)).toEqual([false, true]);
    expect(notices).toEqual(['web and api both answer on 1 until a reload has taken it from web']);
    rig.script('web').outcome = 'done';
    expect((await reload(context)).ok).toBe(true);
    expect([held(context, 'web'), held(context, 'api')]).toEqual([['2'], ['1']]);
  });

  it('goes to a new app from one that the config no longer has', async () => {
    const { rig, context } = await started(web, listening(old, 1));
    rig.apps = [web, listening(job, 1)];
    expect((await reload(context)).ok).toBe(true);
    expect(rig.cluster('job').boot.sockets).toMatchObject([{ address: '1' }]);
    expect(held(context, 'job')).toEqual(['1']);
  });

  it('is named with the app that has it, where a start asks for it', async () => {
    const { rig, context } = await started(listening(api, 1));
    rig.apps = [listening(api), listening(web, 1)];
    const [result] = (await start(context, ['web'])).apps;
    expect(result?.error).toMatchObject({ code: 'LISTEN_FAILED', message: 'cannot listen on 1: the app api has it' });
    expect((await reload(context)).ok).toBe(true);
    expect(held(context, 'web')).toEqual(['1']);
  });
});

it('a deploy that fails without an address that the app had says how to do without', async () => {
  const { rig, context } = await started({ ...web, listen: [port(1)] });
  rig.script('web').outcome = 'failed';
  rig.apps = [web];
  const { ok, notices } = await reload(context);
  expect({ ok, notices }).toEqual({ ok: false, notices: [expect.stringContaining('`evenkeel restart web`')] });
  rig.script('web').outcome = 'done';
  expect((await restart(context, 'web')).ok).toBe(true);
  expect(context.fleet.runningSpec('web')?.listen).toEqual([]);
  expect(rig.bound).toEqual(new Set());
});
