// `strategy: handover`: two generations never serve at once, and nothing is refused.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { journalApp as app, expectHandovers, expectNoLoss, generationsOf, loads, pidsOf } from '../support/journal.ts';
import { isAlive } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG, tiers } from '../support/tiers.ts';

describe('row 12: a deploy by handover', () => {
  test('under load loses and refuses nothing, and the two generations never serve at once', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: app([port]) } });
    await expectHandovers(rig, port);
  });

  test('of an app that listens on several ports, one after the other', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    await using rig = await createRig({ apps: { web: app(ports) } });
    await rig.run('start');
    const load = await loads(rig, ports);
    await rig.run('deploy', 'web');
    await expectNoLoss(load);
    expect(generationsOf(rig)).toEqual([1, 2]);
  });

  test('lets a request in flight finish before the new generation serves, and those that come meanwhile wait', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: app([port], { TAKES: '1500' }, { workers: 1 }) } });
    await rig.run('start');
    const events = await rig.events();
    const inFlight = fetch(`http://127.0.0.1:${port}/`);
    rig.editEnv('web', { TAKES: '1', VERSION: '2' });
    const reload = rig.spawnCli(['reload']);
    await events.waitFor('worker-draining');
    const load = rig.load({ port, clients: 4, mode: 'close' });
    expect(await (await inFlight).json()).toMatchObject({ version: '1' });
    await load.sees('2');
    expect((await load.stop()).failed).toBe(0);
    expect((await reload.ended).code).toBe(0);
    expect(generationsOf(rig)).toEqual([1, 2]);
  });

  test('probes the new workers before the old ones go, where they have to answer first', LONG, async () => {
    const port = await freePort();
    const ready = { on: 'http', url: '/healthz' };
    await using rig = await createRig({ apps: { web: app([port], {}, { ready }) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    await rig.run('deploy', 'web');
    await expectNoLoss(load);
    expect(generationsOf(rig)).toEqual([1, 2]);
  });

  test('is not disturbed by the death of the manager', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: app([port], { TAKES: '300' }) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    const events = await rig.events();
    rig.editEnv('web', { VERSION: '2' });
    const { manager } = await rig.status();
    const reload = rig.spawnCli(['reload']);
    await events.waitFor('worker-draining');
    await rig.kill9(manager.pid);
    await reload.ended;
    await rig.run('start');
    await rig.appWhere('web', 'is deployed', ({ generation, deploy }) => generation === 2 && deploy === null);
    await expectNoLoss(load);
    expect(generationsOf(rig)).toEqual([1, 2]);
  });
});

describe('a handover that fails', () => {
  test('before the old workers are told to go leaves them alone', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: app([port]) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    const load = await loads(rig, [port]);
    rig.editEnv('web', { FAULT: 'before-listen' });
    const { code, stderr } = await rig.cli('reload');
    expect(code).toBe(1);
    expect(stderr).toMatch(/exited with code 2 before it was ready/);
    await expectNoLoss(load);
    expect(await rig.pids('web')).toEqual(pids);
    expect(generationsOf(rig)).toEqual([1]);
  });

  for (const [rows, tier] of tiers([
    ['because the new workers die when they have bound', 'after-bind', /exited with code 3 before it was ready/],
    ['because they fall sick when they serve', 'sick', /failed 2 health checks/],
  ]))
    test.each(rows)('after that boots the old generation again, and says so: %s', tier, async (_why, fault, reason) => {
      const port = await freePort();
      const health = { http: '/healthz', interval: '50ms', failures: 2 };
      const deploy = { strategy: 'handover', settle: '60s' };
      await using rig = await createRig({ apps: { web: app([port], {}, { health, deploy }) } });
      await rig.run('start');
      const load = await loads(rig, [port]);
      rig.editEnv('web', { FAULT: fault, VERSION: '2' });
      const { code, stdout, stderr } = await rig.cli('reload');
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(reason);
      expect(stdout + stderr).toMatch(/generation 1 serves again/);
      await expectNoLoss(load);
      expect(generationsOf(rig)).toEqual(fault === 'sick' ? [1, 2, 1] : [1]);
      expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 1, ready: 2 });
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    });
});

describe('Ctrl-C during a handover', () => {
  test('while the new workers boot leaves the old ones alone', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: app([port]) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    const load = await loads(rig, [port]);
    rig.editEnv('web', { FAULT: 'never-listens' });
    const deploy = await interrupt(rig, 'booting');
    expect(deploy.code).toBe(130);
    await expectNoLoss(load);
    expect(await rig.pids('web')).toEqual(pids);
    expect(generationsOf(rig)).toEqual([1]);
  });

  test.each([
    ['while the old ones drain', 'retiring', { TAKES: '1000' }, '200ms'],
    ['while the new ones settle', 'settling', {}, '60s'],
  ] as const)('%s brings the old generation back', LONG, async (_when, phase, env, settle) => {
    const port = await freePort();
    const deploy = { strategy: 'handover', settle };
    await using rig = await createRig({ apps: { web: app([port], env, { deploy }) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    rig.editEnv('web', { VERSION: '2' });
    expect((await interrupt(rig, phase)).code).toBe(130);
    await expectNoLoss(load);
    expect(generationsOf(rig)[0]).toBe(1);
    expect(generationsOf(rig).at(-1)).toBe(1);
    expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 1, ready: 2, deploy: null });
  });
});

/** Reloads, and interrupts that as soon as the deploy has come to a phase. */
async function interrupt(rig: Rig, phase: string) {
  const events = await rig.events();
  const reload = rig.spawnCli(['reload']);
  await events.waitFor('deploy-phase', (event) => event.phase === phase);
  reload.kill('SIGINT');
  return await reload.ended;
}

describe('an app that is deployed by handover', () => {
  test('has no two workers of one slot serve at once, when they are replaced by schedule', LONG, async () => {
    const port = await freePort();
    const restart = { schedule: '* * * * * *' };
    await using rig = await createRig({ apps: { web: app([port], {}, { workers: 1, restart }) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    const events = await rig.events();
    for (let count = 0; count < 2; count += 1) await events.waitFor('worker-exited');
    await expectNoLoss(load);
    const pids = pidsOf(rig);
    expect(pids.length).toBeGreaterThan(2);
    expect(new Set(pids).size).toBe(pids.length);
  });

  test('whose cluster process is killed has its new workers wait for the old ones', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: app([port], {}, { workers: 1 }) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    const { clusterPid, workers } = await rig.app('web');
    await rig.kill9(clusterPid ?? 0);
    const old = workers[0]?.pid ?? 0;
    await eventually('the old worker is gone', () => !isAlive(old));
    await rig.appWhere('web', 'has another worker', ({ workers }) => workers.every(({ state }) => state === 'ready'));
    await expectNoLoss(load);
    expect(pidsOf(rig)).toHaveLength(2);
  });

  test('may not listen where nothing is declared: connections there would be refused', async () => {
    const [port, other] = [await freePort(), await freePort()];
    await using rig = await createRig({ apps: { web: { ...app([port, other]), listen: [port] } } });
    const { code, stderr } = await rig.cli('start');
    expect(code).toBe(1);
    expect(stderr).toContain(`Add "${other}" to \`listen\` in the config.`);
  });

  test('without declared ports is refused, with the place in the file', async () => {
    const { listen: _, ...web } = app([await freePort()]);
    await using rig = await createRig({ apps: { web } });
    const { code, stdout, stderr } = await rig.cli('check');
    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(
      /evenkeel\.config\.yaml:\d+:\d+: apps\.web\.deploy\.strategy: handover needs `listen`/,
    );
  });
});
