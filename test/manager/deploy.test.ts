import { expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import type { ManagerContext } from '../../src/manager/context.ts';
import { abort } from '../../src/manager/operations/abort.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { history } from '../../src/manager/operations/history.ts';
import { plan } from '../../src/manager/operations/plan.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { restart } from '../../src/manager/operations/restart.ts';
import { rollback } from '../../src/manager/operations/rollback.ts';
import { scale } from '../../src/manager/operations/scale.ts';
import { spec } from '../../src/manager/operations/spec.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { RunningOperation } from '../../src/manager/under-way.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

async function started(...apps: ReturnType<typeof appSpec>[]) {
  const rig = new ManagerRig(apps);
  const { context } = await rig.open();
  await start(context, null);
  return { rig, context };
}

it('deploys what runs, not what the file says by now', async () => {
  const { rig, context } = await started(appSpec());
  rig.apps = [appSpec({ env: { A: '1' } })];
  expect((await deploy(context, ['web'], {})).apps).toMatchObject([
    { action: 'deploy', ok: true, reasons: ['deploy'], deploy: { generation: 2, outcome: 'done' } },
  ]);
  expect(context.fleet.runningSpec('web')?.env).toEqual({});
});

it('remembers its options as drift, and over the next deploy', async () => {
  const { context } = await started(appSpec({ env: { A: '0', KEEP: 'k' } }));
  const { apps } = await deploy(context, ['web'], { env: { A: 'secret1' }, script: '/b.js', cwd: '/b', workers: 3 });
  expect(apps).toMatchObject([{ reasons: ['deploy --env A --script /b.js --cwd /b --workers 3'] }]);
  expect(JSON.stringify(apps)).not.toContain('secret1');
  await deploy(context, ['web'], {});
  expect(context.fleet.runningSpec('web')).toMatchObject({
    ...{ env: { A: 'secret1', KEEP: 'k' }, script: '/b.js', cwd: '/b', workers: 3 },
  });
  expect((await status(context, null)).apps).toMatchObject([{ drift: true }]);
  const reasons = ['script changed', 'cwd changed', 'workers 3 → 2', 'env.A changed'];
  expect((await plan(context)).changes).toMatchObject([{ action: 'deploy', reasons }]);
});

it('options survive a stop and a start', async () => {
  const { context } = await started(appSpec());
  await deploy(context, ['web'], { script: '/b.js' });
  await stop(context, ['web'], null);
  await start(context, ['web']);
  expect(context.fleet.runningSpec('web')?.script).toBe('/b.js');
});

it.each<[string, (context: ManagerContext) => Promise<unknown>, readonly string[]]>([
  ['nothing', async () => {}, []],
  ['what makes no difference', (context) => scale(context, 'web', 2), []],
  [
    'settings',
    async (context) => {
      await deploy(context, ['web'], { env: { A: 'secret1' }, script: '/b.js' });
      await scale(context, 'web', 4);
    },
    [
      'web runs what commands have changed (script, workers, env.A), not what the file says: `evenkeel reload` goes by the file',
    ],
  ],
  [
    'a rollback',
    async (context) => {
      await deploy(context, ['web'], {});
      await rollback(context, 'web', { to: 1 });
    },
    ['web runs what the rollback to 1 left, not what the file says: `evenkeel reload` goes by the file'],
  ],
])('a start says what a command has left of the app that it brings up: %s', async (_, change, notices) => {
  const { context } = await started(appSpec(), appSpec({ name: 'api' }));
  await change(context);
  expect((await start(context, null)).notices).toEqual([]);
  await stop(context, ['web'], null);
  expect((await start(context, null)).notices).toEqual(notices);
});

it('a deploy that failed leaves no drift', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').outcome = 'failed';
  expect((await deploy(context, ['web'], { env: { A: '1' } })).ok).toBe(false);
  expect((await status(context, null)).apps).toMatchObject([{ drift: false }]);
  expect(context.fleet.wantedSpec('web').env).toEqual({});
});

it('of many at once one wins, and the others are told by whom', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').hold = deferred();
  const storm = Array.from({ length: 16 }, () =>
    deploy(context, ['web'], {}).then(
      (result) => result.ok,
      (error) => error,
    ),
  );
  await rig.event('deploy-started', 'web', 2);
  await expect(deploy(context, ['web'], {})).rejects.toMatchObject({
    code: 'DEPLOY_IN_PROGRESS',
    message: 'web: generation 2 is being deployed (booting)',
  });
  rig.script('web').hold?.resolve();
  const ends = await Promise.all(storm);
  expect(ends.filter((end) => end === true)).toHaveLength(1);
  expect(ends.filter((end) => end !== true && end.code === 'DEPLOY_IN_PROGRESS')).toHaveLength(15);
  expect(rig.cluster('web').memory.generation).toBe(2);
});

it('an abort ends the deploy under way', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await rig.event('deploy-started', 'web', 2);
  expect((await abort(context, 'web')).apps).toMatchObject([
    { action: 'abort', ok: true, deploy: { outcome: 'aborted' } },
  ]);
  expect((await deploying).apps).toMatchObject([{ ok: false, deploy: { outcome: 'aborted' } }]);
});

it('an abort calls off a deploy that has been accepted and waits', async () => {
  const { rig, context } = await started(appSpec());
  const busy = deferred<void>();
  void context.fleet.lane('web').run('operation', () => busy.promise);
  await deploy(context, ['web'], { wait: false });
  expect((await abort(context, 'web')).apps).toMatchObject([
    { ok: true, message: 'the deploy had not begun, and will not' },
  ]);
  busy.resolve();
  await context.fleet.lane('web').run('operation', async () => {});
  expect(rig.cluster('web').asked).toEqual(['start start']);
  expect(context.fleet.claims.of('web')).toBe(null);
});

it('refuses to abort where no deploy is under way', async () => {
  const { context } = await started(appSpec());
  await expect(abort(context, 'web')).rejects.toMatchObject({ code: 'NO_DEPLOY' });
});

it('with --no-wait answers when the deploy is accepted', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').hold = deferred();
  expect((await deploy(context, ['web'], { wait: false })).apps).toMatchObject([
    { ok: true, message: 'accepted', deploy: null },
  ]);
  await expect(deploy(context, ['web'], { wait: false })).rejects.toMatchObject({ code: 'DEPLOY_IN_PROGRESS' });
  rig.script('web').hold?.resolve();
  await rig.event('deploy-finished', 'web', 2);
});

it('deploys all that run, in the order of their dependencies, and skips dependents of a failure', async () => {
  const { rig, context } = await started(
    appSpec({ name: 'web', dependsOn: ['api'] }),
    appSpec({ name: 'api' }),
    appSpec({ name: 'job' }),
    appSpec({ name: 'off' }),
  );
  await stop(context, ['off'], null);
  rig.script('api').outcome = 'timed-out';
  const { apps } = await deploy(context, null, {});
  expect(apps.map(({ app, action, ok }) => [app, action, ok])).toEqual([
    ['web', 'skipped', false],
    ['api', 'deploy', false],
    ['job', 'deploy', true],
  ]);
  expect(context.fleet.claims.of('web')).toBe(null);
});

it('refuses apps that are unknown or stopped, and scripts for a command', async () => {
  const { context } = await started(appSpec(), appSpec({ name: 'other', script: null, command: ['sleep', '1'] }));
  await stop(context, ['web'], null);
  await expect(deploy(context, ['wbe'], {})).rejects.toMatchObject({ code: 'NO_SUCH_APP' });
  await expect(deploy(context, ['web'], {})).rejects.toMatchObject({ code: 'APP_STOPPED' });
  await expect(deploy(context, ['other'], { script: '/x' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  expect((await deploy(context, ['web', 'other'], {})).apps).toMatchObject([
    { app: 'web', ok: false, error: { code: 'APP_STOPPED' } },
    { app: 'other', ok: true },
  ]);
});

it('rolls back to what ran before, or to a named generation, and that is drift', async () => {
  const { context } = await started(appSpec({ env: { V: '1' } }));
  await deploy(context, ['web'], { env: { V: '2' } });
  await deploy(context, ['web'], { env: { V: '3' } });
  expect((await rollback(context, 'web', {})).apps).toMatchObject([
    { action: 'rollback', ok: true, reasons: ['rollback to 2'] },
  ]);
  expect(context.fleet.runningSpec('web')?.env).toEqual({ V: '2' });
  expect((await status(context, null)).apps).toMatchObject([{ drift: true, generation: 4 }]);
  await rollback(context, 'web', { to: 1 });
  expect(context.fleet.runningSpec('web')?.env).toEqual({ V: '1' });
});

it('rolls back to another release than the one that serves, and says where that runs', async () => {
  const { rig, context } = await started(appSpec());
  const { memory } = rig.cluster('web');
  memory.history = memory.history.map((entry) => ({
    ...entry,
    pinned: entry.pinned && { ...entry.pinned, realCwd: '/releases/1', realScript: '/releases/1/app.js' },
  }));
  await deploy(context, ['web'], {});
  await restart(context, 'web');
  await scale(context, 'web', 4);
  expect((await rollback(context, 'web', {})).apps).toMatchObject([
    { reasons: ['rollback to 1'], message: 'generation 4 serves from /releases/1' },
  ]);
  expect((await rollback(context, 'web', {})).apps).toMatchObject([
    { reasons: ['rollback to 3'], message: 'generation 5 serves from /srv' },
  ]);
  expect((await rollback(context, 'web', { to: 2 })).apps).toMatchObject([{ message: 'generation 6 serves' }]);
});

it('a rollback that has nowhere to go says what to do', async () => {
  const { context } = await started(appSpec());
  const todo = 'Put back the code or the settings that are to run, then `evenkeel deploy web` or `evenkeel reload`';
  await expect(rollback(context, 'web', {})).rejects.toMatchObject({
    ...{ code: 'NO_SUCH_GENERATION', message: 'web: there is no earlier generation to go back to', hint: `${todo}.` },
  });
});

it('a rollback to a generation that ran the same as the one that serves says so', async () => {
  const { context } = await started(appSpec());
  await deploy(context, ['web'], {});
  await restart(context, 'web');
  const { ok, apps, notices } = await rollback(context, 'web', {});
  expect([ok, apps[0]?.reasons]).toEqual([true, ['rollback to 2']]);
  expect(notices).toEqual([
    'web: generation 2 had the paths, settings and environment of what served; files that were changed in place are not brought back',
  ]);
});

it.each([
  ['scaled', async (context: ManagerContext) => void (await scale(context, 'web', 5)), true],
  [
    'changed in the file',
    async (context: ManagerContext, rig: ManagerRig) => {
      rig.apps = [appSpec({ workers: 5 })];
      await reload(context);
    },
    false,
  ],
])('a rollback keeps the number of workers as it was %s', async (_, change, isCommand) => {
  const web = appSpec();
  const { rig, context } = await started(web);
  await deploy(context, ['web'], { env: { A: '2' } });
  await change(context, rig);
  await rollback(context, 'web', { to: 1 });
  expect((await status(context, 'web')).apps).toMatchObject([{ desired: 5 }]);
  expect(context.fleet.wantedSpec('web')).toEqual({ ...web, workers: 5 });
  expect(spec(context, 'web', false).changed).toMatchObject({ rollback: 1, workers: isCommand });
});

it('a deploy after a rollback keeps its settings and resolves the paths anew, also when the app is started again', async () => {
  const { rig, context } = await started(appSpec({ env: { V: '1' }, cwd: '/current' }));
  const { memory } = rig.cluster('web');
  memory.history = memory.history.map((entry) => ({
    ...entry,
    pinned: entry.pinned && { ...entry.pinned, realCwd: '/v1' },
  }));
  await deploy(context, ['web'], { env: { V: '2' } });
  await rollback(context, 'web', {});
  expect(memory.current).toMatchObject({ spec: { env: { V: '1' } }, realCwd: '/v1' });
  await deploy(context, ['web'], {});
  expect((await plan(context)).changes).toMatchObject([{ action: 'none' }]);
  expect((await status(context, null)).apps).toMatchObject([{ drift: false }]);
  await stop(context, ['web'], null);
  await start(context, ['web']);
  expect(memory.current).toMatchObject({ spec: { env: { V: '1' } }, realCwd: '/current' });
});

it('a generation that failed cannot be rolled back to', async () => {
  const { rig, context } = await started(appSpec());
  await expect(rollback(context, 'web', {})).rejects.toMatchObject({ code: 'NO_SUCH_GENERATION' });
  rig.script('web').outcome = 'failed';
  await deploy(context, ['web'], {});
  rig.script('web').outcome = 'done';
  await expect(rollback(context, 'web', { to: 2 })).rejects.toMatchObject({ code: 'NO_SUCH_GENERATION' });
  expect((await deploy(context, ['web'], {})).ok).toBe(true);
});

it('the history hides values of env unless they are asked for', async () => {
  const { context } = await started(appSpec({ env: { KEY: 'hunter2' } }));
  const masked = await history(context, 'web', false);
  expect(masked.generations).toMatchObject([{ generation: 1, pinned: { spec: { env: { KEY: null } } } }]);
  expect(JSON.stringify(masked)).not.toContain('hunter2');
  expect(JSON.stringify(await history(context, 'web', true))).toContain('hunter2');
});

it('no event holds a value of env', async () => {
  const { rig, context } = await started(appSpec({ env: { KEY: 'hunter2' } }));
  await deploy(context, ['web'], { env: { KEY: 'hunter3' } });
  expect(JSON.stringify(rig.events)).not.toMatch(/hunter/);
});

it('an app that was removed before its turn came is a result, not a bug', async () => {
  const api = appSpec({ name: 'api' });
  const { rig, context } = await started(api, appSpec({ name: 'web', dependsOn: ['api'] }));
  rig.script('api').hold = deferred();
  const deploying = deploy(context, ['api', 'web'], {});
  await rig.event('deploy-started', 'api', 2);
  rig.apps = [api];
  const reloading = reload(context);
  await eventually('web is out of the config', () => context.fleet.fileSpec('web') === null);
  rig.script('api').hold?.resolve();
  expect((await deploying).apps).toMatchObject([
    { ok: true },
    { app: 'web', ok: false, error: { code: 'NO_SUCH_APP' } },
  ]);
  await reloading;
});

it('a stop does not wait for a deploy, whatever it is busy with', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await rig.event('deploy-started', 'web', 2);
  expect((await stop(context, ['web'], null)).ok).toBe(true);
  expect((await deploying).apps).toMatchObject([{ ok: false, deploy: { outcome: 'aborted' } }]);
});

it('a stop ends a deploy by being one: an abort might cut what a stop lets finish', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await rig.event('deploy-started', 'web', 2);
  const cluster = rig.cluster('web');
  expect((await stop(context, ['web'], 7000)).apps).toMatchObject([{ action: 'stop', ok: true, message: 'stopped' }]);
  await deploying;
  expect(cluster.asked).toEqual(['start start', 'deploy deploy', 'stop']);
});

it('a deploy that waits for its turn when the app is stopped never begins', async () => {
  const { rig, context } = await started(appSpec());
  const cluster = rig.cluster('web');
  const busy = deferred<void>();
  void context.fleet.lane('web').run('operation', () => busy.promise);
  await deploy(context, ['web'], { wait: false });
  const stopping = stop(context, ['web'], null);
  busy.resolve();
  expect((await stopping).apps).toMatchObject([{ action: 'stop', ok: true }]);
  expect(cluster.asked).toEqual(['start start', 'stop']);
});

it('removes a variable, and knows the shell from what was named', async () => {
  const { rig, context } = await started(appSpec({ env: { A: '0', B: '0' } }));
  const { apps } = await deploy(context, ['web'], {
    env: { A: null, C: 'named' },
    shellEnv: { B: 'hunter2', D: 'hunter2' },
  });
  expect(apps).toMatchObject([{ reasons: ['deploy --shell-env --unset-env A --env C'] }]);
  expect(context.fleet.runningSpec('web')?.env).toEqual({ B: 'hunter2', C: 'named', D: 'hunter2' });
  expect(spec(context, 'web', true)).toMatchObject({
    spec: { env: { B: 'hunter2', C: 'named', D: 'hunter2' } },
    changed: { rollback: null, workers: false, script: false, cwd: false, shellEnv: true, set: ['C'], unset: ['A'] },
  });
  expect(spec(context, 'web', false)).toMatchObject({ spec: { env: { B: null, C: null, D: null } } });
  expect(JSON.stringify([spec(context, 'web', false), rig.events])).not.toContain('hunter2');
});

it('says of an app that does not run with what it would be started', async () => {
  const { context } = await started(appSpec());
  await deploy(context, ['web'], { workers: 5 });
  await stop(context, ['web'], null);
  expect(spec(context, 'web', true)).toMatchObject({
    running: false,
    spec: { workers: 5 },
    changed: { workers: true },
  });
  expect(() => spec(context, 'wbe', true)).toThrow(expect.objectContaining({ code: 'NO_SUCH_APP' }));
});

it('moves a script along with its folder, and remembers both', async () => {
  const { context } = await started(appSpec({ script: '/srv/r1/a.js', cwd: '/srv/r1' }));
  await deploy(context, ['web'], { cwd: '/srv/r2' });
  expect(context.fleet.runningSpec('web')).toMatchObject({ cwd: '/srv/r2', script: '/srv/r2/a.js' });
  expect(context.fleet.wantedSpec('web')).toMatchObject({ cwd: '/srv/r2', script: '/srv/r2/a.js' });
});

it.each([
  ['done', { env: { A: '1' } }],
  ['failed', null],
] as const)('what it changes is settled by the next manager, when it has %s', async (outcome, expected) => {
  const { rig, context } = await started(appSpec());
  const script = rig.script('web');
  Object.assign(script, { outcome, hold: deferred() });
  const deploying = deploy(context, ['web'], { env: { A: '1' } }).catch(() => null);
  await rig.event('deploy-started', 'web', 2);
  const { pending, override } = context.fleet.state.app('web');
  expect([pending, override]).toEqual([{ after: 1, override: { env: { A: '1' } } }, null]);
  await rig.managers[0]?.close('killed');
  await deploying;
  const { context: next } = await rig.open();
  expect(next.fleet.state.app('web')).toMatchObject({ override: null, pending: { after: 1 } });
  script.hold?.resolve();
  await eventually('it is settled', () => next.fleet.state.app('web').pending === null);
  expect(next.fleet.state.app('web').override).toEqual(expected);
});

it('a deploy that is aborted before it begins changes nothing', async () => {
  const { context } = await started(appSpec());
  const busy = deferred<void>();
  void context.fleet.lane('web').run('operation', () => busy.promise);
  await deploy(context, ['web'], { env: { A: '1' }, wait: false });
  await abort(context, 'web');
  busy.resolve();
  await context.fleet.lane('web').run('operation', async () => {});
  expect(context.fleet.state.app('web')).toMatchObject({ override: null, pending: null });
});

it('a scale to what the file says is no drift', async () => {
  const { context } = await started(appSpec({ workers: 2 }));
  const drift = async () => (await status(context, 'web')).apps[0]?.drift;
  await scale(context, 'web', 3);
  expect(await drift()).toBe(true);
  await scale(context, 'web', 2);
  expect(await drift()).toBe(false);
});

it.each([
  ['done', true, 'generation 2 serves; its cluster process was killed meanwhile'],
  ['failed', false, 'generation 2 failed: its cluster process was killed meanwhile (start)'],
] as const)(
  'a deploy whose cluster process is lost has ended as its successor says: %s',
  async (outcome, ok, message) => {
    const { rig, context } = await started(appSpec());
    rig.script('web').hold = deferred();
    const deploying = deploy(context, ['web'], {});
    await rig.event('deploy-started', 'web', 2);
    const { memory } = rig.cluster('web');
    const [first] = memory.history;
    if (first === undefined) throw new Error('nothing was deployed');
    memory.history.push({ ...first, generation: 2, outcome });
    rig.script('web').hold = null;
    rig.cluster('web').die();
    expect(await deploying).toMatchObject({ ok, apps: [{ action: 'deploy', ok, message, error: null }] });
  },
);

it('a deploy that was not begun when its cluster process was lost says so', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await rig.event('deploy-started', 'web', 2);
  rig.script('web').hold = null;
  rig.cluster('web').die();
  expect((await deploying).apps).toMatchObject([{ ok: false, error: { code: 'CLUSTER_LOST' } }]);
});

it('a change that was lost with its cluster process is asked for again', async () => {
  const { rig, context } = await started(appSpec());
  rig.script('web').hold = deferred();
  const scaling = scale(context, 'web', 5);
  await eventually('it is asked', () => rig.cluster('web').asked.includes('scale 5'));
  rig.script('web').hold = null;
  rig.cluster('web').die();
  expect((await scaling).apps).toMatchObject([{ ok: true, message: 'workers 2 → 5' }]);
  expect(rig.cluster('web').asked).toEqual(['resume', 'history', 'scale 5']);
});

it('a rollback that goes wrong does not keep the app claimed', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  await start(context, null);
  const broken = Object.assign(new RunningOperation(), { run: () => Promise.reject(new Error('a bug')) });
  await expect(rollback(context, 'web', {}, broken)).rejects.toThrow('a bug');
  expect(context.fleet.claims.of('web')).toBe(null);
});
