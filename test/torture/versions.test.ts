// What an upgrade, a downgrade and a machine that went down leave: clusters and state of other versions, and of processes
// that are gone.

import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { puppet, server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { holdDeploy, WORKERS, workersOf } from '../support/held-deploy.ts';
import type { Load } from '../support/load.ts';
import { installVersion, installWithClock } from '../support/other-version.ts';
import { isAlive } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';

const CLIENTS = 8;
const DAY = 24 * 3_600_000;

type Requests = ReturnType<typeof requestsOf>;

interface Scene {
  readonly rig: Rig;
  readonly load: Load;
}

/** Runs `work` beside an app under load, started by another version; nothing may fail. */
async function beside(version: string, link: number, work: (scene: Scene) => Promise<void>): Promise<Requests> {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
  const { code, stderr } = await rig.spawnCli(['start'], { program: installVersion(rig, version, link) }).ended;
  expect(code, stderr).toBe(0);
  const load = rig.load({ port, clients: CLIENTS });
  await load.more(2 * CLIENTS);
  await work({ rig, load });
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  return requestsOf(loss);
}

async function killManager(rig: Rig): Promise<void> {
  await rig.kill9((await rig.status()).manager.pid);
}

test.for([
  ['an older version', '0.0.9'],
  ['a newer version', '99.0.0'],
] as const)('the cluster process of %s', LONG, async ([whose, version], context) => {
  const requests = await beside(version, 1, async ({ rig, load }) => {
    const [{ clusterPid }, pids] = [await rig.app('web'), await rig.pids('web')];
    await killManager(rig);
    await rig.run('start');
    expect((await rig.app('web')).clusterPid).toBe(clusterPid);
    expect(await rig.pids('web')).toEqual(pids);
    await rig.run('deploy', 'web', '--env', 'VERSION=2');
    load.lap();
    await load.sees('2');
    // And one that was lost is followed by one of this version.
    await rig.kill9(clusterPid ?? 0);
    await rig.appWhere(
      'web',
      'is back',
      (app) => app.state === 'online' && app.ready === 2 && app.clusterPid !== clusterPid,
    );
  });
  report(context, {
    ...{ chapter: 'Time and versions', promise: 'P5', requests },
    fault: `the cluster process of ${whose} under this manager; then it is killed`,
    result: 'taken over with its workers, deploys; then one of this version has them',
  });
});

test('a cluster process of a version that speaks another language', LONG, async (context) => {
  const requests = await beside('99.0.0', 2, async ({ rig, load }) => {
    const { clusterPid } = await rig.app('web');
    await killManager(rig);
    await rig.run('start');
    const app = await rig.appWhere('web', 'is whole', ({ ready, workers }) => ready === 2 && workers.length === 2);
    expect(app.clusterPid).not.toBe(clusterPid);
    load.lap();
    await load.sees('1');
  });
  report(context, {
    ...{ chapter: 'Time and versions', promise: 'P6', requests },
    fault: 'a cluster process whose version of the link the manager does not know',
    result: 'its workers serve until those of its successor are ready',
  });
});

test('the state of a newer version', LONG, async (context) => {
  const requests = await beside('99.0.0', 1, async ({ rig }) => {
    const pids = await rig.pids('web');
    await killManager(rig);
    const good = rig.read('.evenkeel/state.json');
    rig.write('.evenkeel/state.json', good.replace('"version":1', '"version":2'));
    const { code, stderr } = await rig.cli('start');
    expect([code, stderr]).toEqual([1, expect.stringContaining('was written by a newer evenkeel')]);
    rig.write('.evenkeel/state.json', good);
    await rig.run('start');
    expect(await rig.pids('web')).toEqual(pids);
  });
  report(context, {
    ...{ chapter: 'Time and versions', promise: 'P5', requests },
    fault: 'a state file of a newer version',
    result: 'exit code 1, says so, changes nothing; the newer version goes on with it',
  });
});

test('a power cut, after which the pids belong to others', LONG, async (context) => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
  await rig.run('start');
  const { clusterPid } = await rig.app('web');
  await rig.cutPower();
  const stranger = spawn('sleep', ['1000'], { stdio: 'ignore' });
  rig.defer(() => void stranger.kill());
  const { pid = 0 } = stranger;
  for (const file of ['state.json', 'apps/web/cluster.json']) {
    const text = rig.read(`.evenkeel/${file}`);
    rig.write(`.evenkeel/${file}`, text.replaceAll(`"pid":${clusterPid}`, `"pid":${pid}`));
  }
  const since = Date.now();
  await rig.run('start');
  const load = rig.load({ port, clients: CLIENTS });
  await load.sees('1');
  expect(isAlive(pid)).toBe(true);
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  report(context, {
    ...{ chapter: 'Time and versions', promise: 'P10', requests: requestsOf(loss), recoveryMs: Date.now() - since },
    fault: 'a power cut, after which the pids of before belong to other processes',
    result: '`start` brings everything back, and leaves those alone',
  });
});

test.for([
  ['forward by a day', DAY],
  ['back by a day', -DAY],
] as const)('the clock of the machine is set %s', LONG, async ([how, step], context) => {
  const port = await freePort();
  const web = puppet({ workers: WORKERS, listen: [port], env: { PORT: port }, stop: { timeout: '30s' } });
  await using rig = await createRig({ apps: { web }, files: { offset: '0' } });
  const program = installWithClock(rig, rig.path('offset'));
  expect((await rig.spawnCli(['start'], { program }).ended).code).toBe(0);
  const old = await workersOf(rig, 1);
  const load = rig.load({ port, clients: CLIENTS });
  const deploy = await holdDeploy(rig, { port, phase: 'retiring', old });
  const events = await rig.events();
  rig.write('offset', `${step}`);
  // Everything that waits, or has a deadline, goes on as if nothing had happened.
  await load.more(20 * CLIENTS);
  expect((await rig.app('web')).deploy?.phase).toBe('retiring');
  await deploy.release();
  expect((await deploy.command.ended).code).toBe(0);
  const { time } = await events.waitFor('deploy-finished');
  expect(Math.abs(Date.parse(time) - Date.now() - step)).toBeLessThan(DAY / 2);
  const { durationMs = 0 } = (await rig.app('web')).lastDeploy ?? {};
  expect([durationMs >= 0, durationMs < DAY / 2]).toEqual([true, true]);
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  const [victim] = await rig.pids('web');
  const since = Date.now();
  await rig.kill9(victim ?? 0);
  await rig.appWhere('web', 'is whole', ({ ready, workers }) => ready === WORKERS && workers[0]?.pid !== victim);
  report(context, {
    ...{ chapter: 'Time and versions', promise: 'P1', requests: requestsOf(loss), recoveryMs: Date.now() - since },
    fault: `the clock of the machine is set ${how} while a deploy retires its old workers; then a worker is killed`,
    result: 'no deadline comes early or late',
  });
});
