import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { EvenkeelError } from '../../src/core/errors.ts';
import { deploy } from '../../src/manager/operations/deploy.ts';
import { plan } from '../../src/manager/operations/plan.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { scale } from '../../src/manager/operations/scale.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { revivalDelay } from '../../src/manager/reviver.ts';
import { appSpec } from '../support/app-spec.ts';
import { ManagerRig } from '../support/manager-rig.ts';
import { quickClock } from '../support/quick-clock.ts';

const web = appSpec({ listen: [{ kind: 'tcp', host: null, port: 3000 }] });

async function started(...apps: (typeof web)[]) {
  const rig = new ManagerRig(apps);
  const manager = await rig.open();
  await start(manager.context, null);
  return { rig, manager, context: manager.context };
}

describe('the next manager', () => {
  it('adopts what runs, untouched', async () => {
    const { rig, manager } = await started(web, appSpec({ name: 'api' }));
    const before = rig.clusters.map(({ pid }) => pid);
    await manager.close('test');
    const { context } = await rig.open();
    expect(rig.clusters.map(({ pid, alive }) => [pid, alive])).toEqual(before.map((pid) => [pid, true]));
    expect((await status(context, null)).apps).toMatchObject([{ name: 'web', state: 'online' }, { name: 'api' }]);
    expect((await plan(context)).changes.map(({ action }) => action)).toEqual(['none', 'none']);
    expect(rig.events.filter(({ type }) => type === 'cluster-adopted')).toHaveLength(2);
  });

  it('tells what happened meanwhile, once', async () => {
    const { rig, manager } = await started(web);
    await manager.close('test');
    rig.cluster('web').tell({ type: 'deploy-finished', generation: 2, outcome: 'done', reason: 'deploy' });
    await rig.open();
    const finished = () => rig.types('web').filter((type) => type === 'deploy-finished');
    expect(finished()).toHaveLength(2);
  });

  it('remembers what commands have changed', async () => {
    const { rig, manager, context } = await started(web);
    await scale(context, 'web', 5);
    await manager.close('test');
    const next = await rig.open();
    expect((await status(next.context, null)).apps).toMatchObject([{ desired: 5, drift: true }]);
  });

  it('leaves a stopped app stopped', async () => {
    const { rig, manager, context } = await started(web, appSpec({ name: 'api' }));
    await stop(context, ['web'], null);
    await manager.close('test');
    const next = await rig.open();
    expect((await reload(next.context)).apps.map(({ action }) => action)).toEqual(['none', 'none']);
    expect(rig.isRunning('web')).toBe(false);
  });

  describe('asked for everything by the start that has brought it up', () => {
    const api = appSpec({ name: 'api' });
    const started3 = () => started(appSpec({ dependsOn: ['api'] }), api, appSpec({ name: 'job' }));
    const keepStopped = true;

    it('leaves apps stopped that were stopped by name, and says so; what depends on them comes up', async () => {
      const { rig, manager, context } = await started3();
      await stop(context, ['api'], null);
      await stop(context, null, null);
      await manager.close('test');
      const next = await rig.open();
      const result = await start(next.context, null, { keepStopped });
      expect(result).toMatchObject({
        ok: true,
        apps: [
          { app: 'web', action: 'start', ok: true },
          { app: 'api', action: 'none', ok: true, message: 'stays stopped: it was stopped by name' },
          { app: 'job', action: 'start', ok: true },
        ],
        notices: ['api stays stopped: it was stopped by name; `evenkeel start api` starts it'],
      });
      expect(rig.isRunning('api')).toBe(false);
    });

    it('leaves them so as often as it is asked, until one is started', async () => {
      const { rig, manager, context } = await started(api);
      await stop(context, ['api'], null);
      await manager.close('test');
      const second = await rig.open();
      await start(second.context, null, { keepStopped });
      await second.close('test');
      const third = await rig.open();
      expect((await start(third.context, null, { keepStopped })).notices).toHaveLength(1);
      await start(third.context, ['api']);
      await stop(third.context, null, null);
      await third.close('test');
      const last = await rig.open();
      const { apps, notices } = await start(last.context, null, { keepStopped });
      expect([apps, notices]).toMatchObject([[{ action: 'start', ok: true }], []]);
    });

    it('brings up what an earlier version, which did not say why, had stopped', async () => {
      const { rig, manager, context } = await started(api);
      await stop(context, ['api'], null);
      await manager.close('test');
      const state = JSON.parse(readFileSync(rig.layout.stateFile, 'utf8'));
      expect(state.data.apps.api.stoppedByName).toBe(true);
      delete state.data.apps.api.stoppedByName;
      writeFileSync(rig.layout.stateFile, JSON.stringify(state));
      const next = await rig.open();
      const { apps } = await start(next.context, null, { keepStopped });
      expect(apps).toMatchObject([{ app: 'api', action: 'start', ok: true }]);
      expect(rig.events.filter(({ type }) => type === 'state-repaired')).toEqual([]);
    });
  });

  it('brings up everything where it is asked later, and nobody says otherwise', async () => {
    const { rig, manager, context } = await started(appSpec({ name: 'api' }));
    await stop(context, ['api'], null);
    await manager.close('test');
    const next = await rig.open();
    const { apps, notices } = await start(next.context, null);
    expect([apps, notices]).toMatchObject([[{ action: 'start', ok: true }], []]);
  });

  it('waits for a cluster process that lives, but whose socket was removed', async () => {
    const { rig, manager } = await started(web);
    await manager.close('test');
    const cluster = rig.cluster('web');
    rmSync(rig.layout.dir, { recursive: true });
    mkdirSync(rig.layout.dir, { mode: 0o700 });
    rig.present.set('web', { pid: cluster.pid, startTime: 'fake' });
    const next = rig.open();
    mkdirSync(rig.layout.app('web').dir, { recursive: true, mode: 0o700 });
    await cluster.listen();
    expect((await status((await next).context, null)).apps).toMatchObject([{ name: 'web', clusterPid: cluster.pid }]);
    expect(rig.clusters).toHaveLength(1);
  });

  it('is refused while the first one lives, also where somebody has removed its state directory', async () => {
    const { rig, context } = await started(web);
    await context.fleet.state.flush();
    rmSync(rig.layout.dir, { recursive: true });
    await expect(rig.open()).rejects.toMatchObject({ code: 'MANAGER_RUNS' });
    expect(rig.clusters).toHaveLength(1);
  });

  it('brings back a cluster process that died in between', async () => {
    const { rig, manager } = await started(web);
    await manager.close('test');
    rig.cluster('web').die();
    const { context } = await rig.open();
    await rig.event('cluster-started', 'web', 2);
    await context.fleet.handle('web').revival;
    expect(rig.cluster('web').asked).toEqual(['resume']);
  });

  it('says once what it has brought back, and not of what has been deployed since', async () => {
    const { rig, manager } = await started(web, appSpec({ name: 'api' }));
    await manager.close('test');
    for (const app of ['web', 'api']) rig.cluster(app).die();
    const { context } = await rig.open();
    for (const app of ['web', 'api']) {
      await rig.event('cluster-started', app, 2);
      await context.fleet.handle(app).revival;
    }
    await deploy(context, ['api'], {});
    const told = async () => (await start(context, null)).apps.map(({ message }) => message);
    expect(await told()).toEqual(['came back as it ran: generation 1', 'already running']);
    expect(await told()).toEqual(['already running', 'already running']);
  });

  it('knows an app that the config no longer has, and a reload removes it', async () => {
    const { rig, manager } = await started(web, appSpec({ name: 'old' }));
    await manager.close('test');
    rig.apps = [web];
    const { context } = await rig.open();
    expect((await status(context, null)).apps.map(({ name }) => name)).toEqual(['web', 'old']);
    expect((await reload(context)).apps).toMatchObject([
      { app: 'web', action: 'none' },
      { app: 'old', action: 'stop', reasons: ['removed from the config'] },
    ]);
  });

  it('adopts even where the config is invalid, and says so', async () => {
    const { rig, manager } = await started(web);
    await manager.close('test');
    rig.config = new EvenkeelError('CONFIG_INVALID', 'invalid');
    const next = await rig.open();
    expect(next.configError).toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await status(next.context, null)).apps).toMatchObject([{ name: 'web', state: 'online' }]);
  });

  it('adopts even where the config is invalid and the state is lost', async () => {
    const { rig, manager } = await started(web);
    await manager.close('test');
    rmSync(rig.layout.stateFile);
    rig.config = new EvenkeelError('CONFIG_INVALID', 'invalid');
    const next = await rig.open();
    expect((await status(next.context, null)).apps).toMatchObject([{ name: 'web', state: 'online' }]);
    expect((await stop(next.context, null, null)).ok).toBe(true);
  });

  it('does not run for an invalid config alone', async () => {
    const rig = new ManagerRig([web]);
    rig.config = new EvenkeelError('CONFIG_INVALID', 'invalid');
    await expect(rig.open()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each(['{"version":1,"da', '{"version":1,"data":{"apps":3}}'])(
    'rebuilds a broken state (%s) from what lives',
    async (text) => {
      const { rig, manager } = await started(web);
      await manager.close('test');
      writeFileSync(rig.layout.stateFile, text);
      const { context } = await rig.open();
      expect(rig.events).toContainEqual(
        expect.objectContaining({ type: 'state-repaired', file: rig.layout.stateFile }),
      );
      expect((await reload(context)).apps).toMatchObject([{ action: 'none' }]);
      expect(rig.cluster('web').asked).toEqual(['start start']);
    },
  );

  it('of a state in which one record is broken leaves out that record alone, and sets a copy aside', async () => {
    const { rig, manager, context } = await started(web, appSpec({ name: 'api' }), appSpec({ name: 'job' }));
    await scale(context, 'web', 5);
    await stop(context, ['job'], null);
    await manager.close('test');
    const whole = readFileSync(rig.layout.stateFile, 'utf8');
    const state = JSON.parse(whole);
    state.data.apps.api.generation = null;
    const broken = JSON.stringify(state);
    writeFileSync(rig.layout.stateFile, broken);
    rig.cluster('api').die();
    await rig.leaveAgentsSocket('api');
    const next = await rig.open();
    const copy = readdirSync(rig.layout.dir).find((name) => name.startsWith('state.json.corrupt-')) ?? '';
    expect(readFileSync(join(rig.layout.dir, copy), 'utf8')).toBe(broken);
    expect(statSync(join(rig.layout.dir, copy)).mode & 0o777).toBe(0o600);
    expect(rig.events).toContainEqual(
      expect.objectContaining({
        type: 'state-repaired',
        message: `the record of api could not be used; a copy of the file lies at ${join(rig.layout.dir, copy)}`,
      }),
    );
    // What was left of it was meant to run, for all that is known.
    await rig.event('cluster-started', 'api', 2);
    expect((await status(next.context, null)).apps).toMatchObject([
      { name: 'web', desired: 5, drift: true },
      { name: 'api' },
      { name: 'job', state: 'stopped' },
    ]);
  });

  it('refuses the state of a newer version', async () => {
    const rig = new ManagerRig([web]);
    writeFileSync(rig.layout.stateFile, '{"version":99,"data":{}}');
    await expect(rig.open()).rejects.toMatchObject({ code: 'STATE_FROM_NEWER_VERSION' });
  });
});

describe('a cluster process that is lost', () => {
  it('is replaced at once by one that resumes, with the same sockets', async () => {
    const { rig, context } = await started(web);
    const { pid } = rig.cluster('web');
    rig.cluster('web').die();
    await rig.event('cluster-started', 'web', 2);
    await context.fleet.handle('web').revival;
    expect(rig.cluster('web')).toMatchObject({ asked: ['resume'], boot: { sockets: [{ address: '3000' }] } });
    expect(rig.types('web').filter((type) => type.startsWith('cluster-'))).toEqual([
      'cluster-started',
      'cluster-lost',
      'cluster-started',
    ]);
    expect(rig.events).toContainEqual(expect.objectContaining({ type: 'cluster-lost', pid }));
    expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online' }]);
  });

  it('makes requests wait for its successor', async () => {
    const { rig, context } = await started(web);
    rig.cluster('web').die();
    await rig.event('cluster-lost', 'web');
    expect((await scale(context, 'web', 3)).ok).toBe(true);
    expect(rig.cluster('web').asked).toEqual(['resume', 'scale 3']);
  });

  it.each<[string, (rig: ManagerRig) => void]>([
    [
      'hangs',
      (rig) => {
        rig.cluster('web').frozen = true;
      },
    ],
    [
      'is stopped, as the system says,',
      (rig) => {
        rig.stopped.add(rig.cluster('web').pid);
      },
    ],
  ])('that %s is ended, and replaced', async (_, disable) => {
    const rig = new ManagerRig([web]);
    rig.clock = quickClock(50);
    const { context } = await rig.open();
    await start(context, null);
    const silent = rig.cluster('web');
    disable(rig);
    await rig.event('cluster-started', 'web', 2);
    expect(silent.alive).toBe(false);
  });

  it('that hangs when the next manager comes is ended, and replaced', async () => {
    const { rig, manager } = await started(web);
    await manager.close('test');
    rig.cluster('web').frozen = true;
    rig.clock = quickClock(20);
    await rig.open();
    await rig.event('cluster-started', 'web', 2);
    expect(rig.clusters.map(({ alive }) => alive)).toEqual([false, true]);
  });

  it('that hung when the manager before it stopped the app is ended by the next stop', async () => {
    const { rig, manager, context } = await started(web);
    const hung = rig.cluster('web');
    context.fleet.state.update('web', { wanted: false });
    await manager.close('test');
    hung.frozen = true;
    rig.clock = quickClock(20);
    const next = await rig.open();
    expect((await stop(next.context, ['web'], null)).apps).toMatchObject([{ action: 'stop', ok: true }]);
    expect(rig.clusters.map(({ alive }) => alive)).toEqual([false, false]);
    expect(rig.clusters[1]?.asked).toEqual(['stop']);
  });

  it('while it is asked to stop is replaced, so that its workers are stopped too', async () => {
    const { rig, context } = await started(web);
    const first = rig.cluster('web');
    first.frozen = true;
    const stopping = stop(context, ['web'], null);
    await vi.waitFor(() => expect(first.asked).toContain('stop'));
    first.die();
    expect((await stopping).apps).toMatchObject([{ action: 'stop', ok: true }]);
    expect(rig.clusters.map(({ asked }) => asked.at(-1))).toEqual(['stop', 'stop']);
    expect(rig.isRunning('web')).toBe(false);
  });

  it('comes back ever more slowly: at once, then after 1, 2, 4 ... 30 s', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 100].map(revivalDelay)).toEqual([
      0, 0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
    ]);
  });
});
