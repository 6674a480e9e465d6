// `strategy: handover` of programs that are not Node, and what it is worth when the cluster process is killed amid one.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { expectHandovers, expectNoLoss, generationsOf, journalApp, loads, pidsOf } from '../support/journal.ts';
import { needsProgram } from '../support/needs.ts';
import { type AppConfig, createRig, fixture } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

function python(port: number, rest: AppConfig = {}): AppConfig {
  const { script: _, ...app } = journalApp([port]);
  return { ...app, command: ['python3', fixture('journal.py')], ...rest };
}

describe('row 12: a handover of a Python program', () => {
  test('refuses and loses nothing, and the two generations never serve at once', async (context) => {
    needsProgram(context, 'python3');
    const port = await freePort();
    await using rig = await createRig({ apps: { web: python(port) } });
    await expectHandovers(rig, port);
  });

  test('that fails starts the old program again, and says so', LONG, async (context) => {
    needsProgram(context, 'python3');
    const port = await freePort();
    await using rig = await createRig({ apps: { web: python(port) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    rig.editEnv('web', { FAULT: 'boot' });
    const { code, stdout, stderr } = await rig.cli('reload');
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('no such table: orders');
    expect(stdout + stderr).toMatch(/generation 1 serves again/);
    await expectNoLoss(load);
    expect(generationsOf(rig)).toEqual([1]);
    expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 1, ready: 2 });
  });

  test('has no two of them serve at once either when one is replaced by schedule', LONG, async (context) => {
    needsProgram(context, 'python3');
    const port = await freePort();
    const restart = { schedule: '* * * * * *' };
    await using rig = await createRig({ apps: { web: python(port, { workers: 1, restart }) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    const events = await rig.events();
    for (let count = 0; count < 2; count += 1) await events.waitFor('worker-exited');
    await expectNoLoss(load);
    const pids = pidsOf(rig);
    expect(pids.length).toBeGreaterThan(2);
    expect(new Set(pids).size).toBe(pids.length);
  });
});

describe('a handover whose cluster process is killed', () => {
  test.each([
    ['while the new workers boot', 'booting', { FAULT: 'never-listens' }, '200ms'],
    ['while the old ones drain', 'retiring', { TAKES: '700' }, '200ms'],
    ['while the new ones settle', 'settling', {}, '60s'],
  ] as const)('%s ends with the old generation, and loses nothing', LONG, async (_when, phase, env, settle) => {
    const port = await freePort();
    const deploy = { strategy: 'handover', settle };
    const takes: Record<string, string> = 'TAKES' in env ? { TAKES: env.TAKES } : {};
    await using rig = await createRig({ apps: { web: journalApp([port], takes, { deploy }) } });
    await rig.run('start');
    const load = await loads(rig, [port]);
    const { clusterPid } = await rig.app('web');
    const events = await rig.events();
    rig.editEnv('web', { ...env, VERSION: '2' });
    const reload = rig.spawnCli(['reload']);
    await events.waitFor('deploy-phase', (event) => event.phase === phase);
    await rig.kill9(clusterPid ?? 0);
    expect((await reload.ended).code).toBe(1);
    await rig.appWhere('web', 'has its workers again', (app) => {
      return app.state === 'online' && app.ready === 2 && app.clusterPid !== clusterPid;
    });
    await expectNoLoss(load);
    const served = generationsOf(rig);
    expect(served).toEqual(phase === 'settling' && served.length > 1 ? [1, 2, 1] : [1]);
    expect(await rig.app('web')).toMatchObject({ generation: 1, deploy: null });
  });
});
