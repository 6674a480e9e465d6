import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const port = { kind: 'tcp', host: null, port: 3000 } as const;

it('starts dependencies first, with the sockets that they declare', async () => {
  const rig = new ManagerRig([appSpec({ name: 'web', dependsOn: ['api'], listen: [port] }), appSpec({ name: 'api' })]);
  const { context } = await rig.open();
  const { ok, apps } = await start(context, null);
  expect(ok).toBe(true);
  expect(apps.map(({ app, action, message }) => [app, action, message])).toEqual([
    ['web', 'start', 'generation 1 serves'],
    ['api', 'start', 'generation 1 serves'],
  ]);
  expect(rig.clusters.map(({ boot }) => boot.app)).toEqual(['api', 'web']);
  expect(rig.cluster('web').boot.sockets).toEqual([{ address: '3000', fd: 3, twinFd: 4 }]);
  expect([...rig.bound]).toEqual(['3000']);
});

it('starts what a named app depends on, and nothing else', async () => {
  const rig = new ManagerRig([
    appSpec({ name: 'web', dependsOn: ['api'] }),
    appSpec({ name: 'api' }),
    appSpec({ name: 'job' }),
  ]);
  const { context } = await rig.open();
  const { apps } = await start(context, ['web']);
  expect(apps.map(({ app }) => app)).toEqual(['web', 'api']);
  expect(rig.isRunning('job')).toBe(false);
});

it('leaves alone what runs already, also where the file has changed', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  await start(context, null);
  rig.apps = [appSpec({ env: { A: '1' } })];
  const { apps } = await start(context, null);
  expect(apps).toMatchObject([{ action: 'none', ok: true, message: 'already running' }]);
  expect(rig.cluster('web').asked).toEqual(['start start']);
});

it('refuses a name that the config does not have, and starts nothing', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  await expect(start(context, ['web', 'wbe'])).rejects.toMatchObject({ code: 'NO_SUCH_APP' });
  expect(rig.clusters).toEqual([]);
});

it('a start that fails skips the dependents, and starts them when the dependency comes online', async () => {
  const rig = new ManagerRig([
    appSpec({ name: 'web', dependsOn: ['api'] }),
    appSpec({ name: 'api' }),
    appSpec({ name: 'job' }),
  ]);
  const { context } = await rig.open();
  rig.script('api').outcome = 'failed';
  const { ok, apps } = await start(context, null);
  expect(ok).toBe(false);
  expect(apps.map(({ app, action, ok }) => [app, action, ok])).toEqual([
    ['web', 'skipped', false],
    ['api', 'start', false],
    ['job', 'start', true],
  ]);
  rig.cluster('api').tell({ type: 'app-state', state: 'online', previous: 'backoff' });
  await rig.event('deploy-finished', 'web');
  expect(rig.isRunning('web')).toBe(true);
});

it('an address that is taken fails its app alone', async () => {
  const rig = new ManagerRig([appSpec({ name: 'web', listen: [port] }), appSpec({ name: 'job' })]);
  rig.taken.add('3000');
  const { context } = await rig.open();
  const { apps } = await start(context, null);
  expect(apps).toMatchObject([
    { app: 'web', ok: false, error: { code: 'LISTEN_FAILED' } },
    { app: 'job', ok: true },
  ]);
  const problem = expect.stringContaining(`${apps[0]?.message}; tried again in `);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'backoff', problem }]);
});

it('a stop lets go of what a start that failed has bound', async () => {
  const rig = new ManagerRig([appSpec({ listen: [port] })]);
  rig.spawnFails = true;
  const { context } = await rig.open();
  expect((await start(context, null)).apps).toMatchObject([{ ok: false, error: { code: 'CLUSTER_START_FAILED' } }]);
  expect((await stop(context, ['web'], null)).apps).toMatchObject([{ action: 'none', message: 'not running' }]);
  expect([...rig.bound]).toEqual([]);
});

describe('an app whose address is taken', () => {
  const restart = { ...appSpec().restart, minDelay: 20, maxDelay: 50 };
  const web = appSpec({ listen: [port], restart });

  async function refused(spec = web) {
    const rig = new ManagerRig([spec, appSpec({ name: 'api', dependsOn: ['web'] })]);
    rig.taken.add('3000');
    const { context } = await rig.open();
    const { apps } = await start(context, null);
    return { rig, context, apps };
  }

  it('is tried again until it can be had, and what depends on it comes after it', async () => {
    const { rig, context, apps } = await refused();
    expect(apps).toMatchObject([{ error: { hint: expect.stringContaining('evenkeel stop web') } }, {}]);
    expect(await rig.event('listen-failed', 'web')).toMatchObject({
      ...{ reason: 'cannot listen on 3000: it is in use', failures: 1, delayMs: expect.any(Number) },
    });
    expect(await rig.event('listen-failed', 'web', 3)).toMatchObject({ failures: 3 });
    expect(rig.clusters).toEqual([]);
    rig.taken.clear();
    await rig.event('deploy-finished', 'web');
    rig.cluster('web').tell({ type: 'app-state', state: 'online', previous: 'starting' });
    await rig.event('deploy-finished', 'api');
    expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online', problem: null }]);
  });

  it('is not tried again once it is stopped', async () => {
    const { rig, context } = await refused();
    expect((await stop(context, ['web'], null)).apps).toMatchObject([{ ok: true, message: 'not tried again' }]);
    expect((await status(context, 'web')).apps).toMatchObject([{ state: 'stopped', problem: null }]);
    const failures = rig.types('web').filter((type) => type === 'listen-failed').length;
    rig.taken.clear();
    // On the same clock, and due after any that was set for the app.
    await new Promise<void>((resolve) => rig.clock.setTimer(rig.clock.now() + restart.maxDelay, resolve));
    expect(rig.types('web').filter((type) => type === 'listen-failed')).toHaveLength(failures);
    expect(rig.isRunning('web')).toBe(false);
  });

  it('has failed where the limit of its restarts is reached, until it is started', async () => {
    const { rig, context } = await refused({ ...web, restart: { ...restart, limit: 2 } });
    expect(await rig.event('listen-failed', 'web', 2)).toMatchObject({ failures: 2, delayMs: null });
    expect((await status(context, 'web')).apps).toMatchObject([
      { state: 'failed', problem: expect.stringMatching(/; not tried again$/) },
    ]);
    rig.taken.clear();
    expect((await start(context, ['web'])).ok).toBe(true);
  });

  it('is tried again as the reload says by then', async () => {
    const { rig, context } = await refused({ ...web, restart: { ...restart, minDelay: 60_000, maxDelay: 60_000 } });
    rig.apps = [{ ...web, listen: [{ ...port, port: 3001 }] }];
    expect((await reload(context)).apps[0]).toMatchObject({ app: 'web', action: 'start', ok: true });
    expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online', problem: null }]);
  });
});

it('a cluster process that does not come up is told as such', async () => {
  const rig = new ManagerRig([appSpec()]);
  rig.spawnFails = true;
  const { context } = await rig.open();
  const { apps } = await start(context, null);
  expect(apps).toMatchObject([{ ok: false, error: { code: 'CLUSTER_START_FAILED' } }]);
});

it('stops dependents first, and lets the sockets go', async () => {
  const rig = new ManagerRig([appSpec({ name: 'api', listen: [port] }), appSpec({ name: 'web', dependsOn: ['api'] })]);
  const { context, lifecycle } = await rig.open();
  await start(context, null);
  const result = await stop(context, null, null);
  expect(result.ok).toBe(true);
  await lifecycle.finished;
  expect(rig.bound.size).toBe(0);
  expect(rig.clusters.some((cluster) => cluster.alive)).toBe(false);
  expect(rig.events.filter((event) => event.type === 'cluster-lost')).toEqual([]);
});

it('a stopped app is shown as stopped, and only `start` brings it back', async () => {
  const rig = new ManagerRig([appSpec({ name: 'web' }), appSpec({ name: 'job' })]);
  const { context } = await rig.open();
  await start(context, null);
  await stop(context, ['web'], null);
  expect((await status(context, null)).apps).toMatchObject([
    { name: 'web', state: 'stopped', workers: [] },
    { name: 'job', state: 'online' },
  ]);
  await start(context, ['web']);
  expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online', generation: 2 }]);
});

it('a stop does not wait for the deploy under way: it aborts it', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { deploy } = await import('../../src/manager/operations/deploy.ts');
  const { deferred } = await import('../../src/core/deferred.ts');
  const { context } = await rig.open();
  await start(context, null);
  rig.script('web').hold = deferred();
  const deploying = deploy(context, ['web'], {});
  await rig.event('deploy-started', 'web', 2);
  rig.cluster('web').tell({ type: 'app-state', state: 'deploying', previous: 'online' });
  await rig.event('app-state', 'web', 2);
  const stopped = await stop(context, ['web'], null);
  expect(stopped.apps).toMatchObject([{ action: 'stop', ok: true }]);
  expect((await deploying).apps).toMatchObject([{ ok: false, deploy: { outcome: 'aborted' } }]);
});

it('keeps its state, socket and pid file to its user, and removes what is only for the living', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context, close } = await rig.open();
  await start(context, null);
  await context.fleet.state.flush();
  const { dir, managerSocket, managerPid, stateFile } = rig.layout;
  const modes = [dir, managerSocket, managerPid, stateFile].map((path) => statSync(path).mode & 0o777);
  expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
  expect(readFileSync(managerPid, 'utf8')).toBe(`${process.pid}\n`);
  await close('test');
  expect([managerSocket, managerPid].map((path) => existsSync(path))).toEqual([false, false]);
});

it('two managers never run on one state directory', async () => {
  const rig = new ManagerRig([appSpec()]);
  await rig.open();
  await expect(rig.open()).rejects.toMatchObject({ code: 'MANAGER_RUNS' });
});

it('a start that was accepted before everything was stopped brings nothing up behind it', async () => {
  const rig = new ManagerRig([appSpec()]);
  const { context } = await rig.open();
  await start(context, null);
  const stopped = stop(context, null, null);
  await expect(start(context, null)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  expect((await stopped).ok).toBe(true);
  expect(rig.isRunning('web')).toBe(false);
});

it('a start anew forgets what commands have changed, of what it starts and of nothing else', async () => {
  const rig = new ManagerRig([appSpec({ name: 'web', dependsOn: ['api'] }), appSpec({ name: 'api' })]);
  const { context } = await rig.open();
  await start(context, null);
  for (const name of ['web', 'api']) await deploy(context, [name], { workers: 5 });
  // What runs stays as it is.
  await start(context, ['web'], { reset: true });
  expect((await status(context, null)).apps).toMatchObject([{ drift: true }, { drift: true }]);
  await stop(context, ['web', 'api'], null);
  await start(context, ['web'], { reset: true });
  expect((await status(context, null)).apps).toMatchObject([
    { name: 'web', desired: 2, drift: false },
    { name: 'api', desired: 5, drift: true },
  ]);
});

it('a manager that is started for an app brings back the others, and that one only as it is told', async () => {
  const rig = new ManagerRig([appSpec({ name: 'web' }), appSpec({ name: 'api' })]);
  const first = await rig.open();
  await start(first.context, null);
  await deploy(first.context, ['web'], { env: { OLD: '1' } });
  await first.close('killed');
  for (const name of ['web', 'api']) rig.cluster(name).die();
  rig.anew = ['web'];
  const { context } = await rig.open();
  await start(context, ['web'], { reset: true });
  expect(context.fleet.runningSpec('web')).toMatchObject({ env: {} });
  expect(rig.cluster('web').asked).toEqual(['start start']);
  await eventually('the other one is back', () => context.fleet.runningSpec('api') !== null);
});
