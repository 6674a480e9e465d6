// Disks that are full, folders and files that others take away, and too few descriptors: the apps serve on, what could not be
// written is counted and told, and all of it works again by itself.

import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { describe, expect, type TestContext, test } from 'vitest';
import { server } from '../support/apps.ts';
import type { EventStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { Load } from '../support/load.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { canMount, fill, fillWithFiles, free, mountDisk } from '../support/small-disk.ts';
import { LONG } from '../support/tiers.ts';
import { report, requestsOf } from './finding.ts';

const CLIENTS = 8;

interface Scene {
  readonly rig: Rig;
  readonly load: Load;
  readonly events: EventStream;
}

/** An app that writes without end into disk/logs; its state is in disk/state. */
async function writing(disk: string | null): Promise<Scene> {
  const port = await freePort();
  const logs = { stdout: 'disk/logs/web.log', stderr: 'disk/logs/web.log', maxSize: '200K', keep: 2, compress: false };
  const rig = await createRig({
    stateDir: 'disk/state',
    apps: { web: server('counter', port, { listen: [port], env: { PAUSE_MS: 5 }, logs }) },
  });
  if (disk !== null) mountDisk(rig, 'disk', disk);
  await rig.run('start');
  const events = await rig.events();
  const load = rig.load({ port, clients: CLIENTS });
  await load.more(100);
  return { rig, load, events };
}

/** Lines reach the log again, and commands do what they say. */
async function expectRecovery(context: TestContext, scene: Scene, fault: string, since: number): Promise<void> {
  const { rig, load } = scene;
  await load.more(100);
  const before = lastNumber(rig);
  await eventually('lines are written again', () => lastNumber(rig) !== before);
  await eventually(
    'nothing is in want of being written',
    async () => (await rig.status()).manager.warnings.length === 0,
  );
  const recoveryMs = Date.now() - since;
  await rig.run('deploy', 'web', '--env', 'VERSION=2');
  load.lap();
  await load.sees('2');
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  report(context, {
    ...{ chapter: 'Disks', fault, promise: 'P8', requests: requestsOf(loss), recoveryMs },
    result: 'the app serves on; what was lost is told; afterwards lines are written and a deploy is done',
  });
}

/** The last line of the live file, or '' while there is none. */
function lastNumber(rig: Rig): string {
  try {
    return rig.read('disk/logs/web.log').split('\n').at(-2) ?? '';
  } catch {
    return '';
  }
}

describe.runIf(canMount)('a disk', LONG, () => {
  test('that is full, under logs and state', async (context) => {
    const scene = await writing('size=2m');
    fill(scene.rig.path('disk'));
    await scene.events.waitFor('log-problem');
    await scene.rig.run('deploy', 'web');
    await scene.load.more(200);
    const since = Date.now();
    free(scene.rig.path('disk'));
    await expectRecovery(context, scene, 'a full disk under logs and state, then room again', since);
  });

  test('that has no room for another file', async (context) => {
    const scene = await writing('size=20m,nr_inodes=60');
    fillWithFiles(scene.rig.path('disk'));
    await scene.rig.run('deploy', 'web');
    await scene.load.more(500);
    const since = Date.now();
    free(scene.rig.path('disk'));
    await expectRecovery(context, scene, 'a disk that takes no further file, then does', since);
  });

  test('that is mounted read-only', async (context) => {
    const scene = await writing('size=20m');
    const { clusterPid } = await scene.rig.app('web');
    // A bind mount over the folder: who has a file open writes on, who opens one cannot. Made read-only elsewhere first,
    // where nobody opens a file in it meanwhile.
    const folder = scene.rig.path('disk');
    const elsewhere = scene.rig.path('readonly');
    mkdirSync(elsewhere);
    execFileSync('mount', ['--bind', folder, elsewhere]);
    execFileSync('mount', ['-o', 'remount,bind,ro', elsewhere]);
    execFileSync('mount', ['--bind', elsewhere, folder]);
    execFileSync('umount', [elsewhere]);
    await scene.load.more(300);
    await scene.rig.run('deploy', 'web');
    expect((await scene.rig.app('web')).clusterPid).toBe(clusterPid);
    const since = Date.now();
    execFileSync('umount', [folder]);
    await expectRecovery(context, scene, 'a disk that is read-only, then writable again', since);
  });
});

describe('a log', LONG, () => {
  test.for<readonly [string, (rig: Rig) => void]>([
    ['whose folder is deleted', (rig) => rmSync(rig.path('disk/logs'), { recursive: true })],
    ['that is deleted', (rig) => rmSync(rig.path('disk/logs/web.log'))],
    ['that is renamed', (rig) => renameSync(rig.path('disk/logs/web.log'), rig.path('disk/logs/other.log'))],
    ['that is truncated', (rig) => truncateSync(rig.path('disk/logs/web.log'))],
  ])('%s', async ([what, meddle], context) => {
    const scene = await writing(null);
    await eventually('it has lines', () => lastNumber(scene.rig) !== '');
    const since = Date.now();
    meddle(scene.rig);
    await expectRecovery(context, scene, `a log ${what}`, since);
  });
});

test.runIf(process.platform === 'linux')('a manager without descriptors', LONG, async (context) => {
  const scene = await writing(null);
  const { rig, load } = scene;
  const { pid } = (await rig.status()).manager;
  const limits = execFileSync('prlimit', ['--pid', `${pid}`, '--nofile', '--output', 'SOFT,HARD', '--noheadings'], {
    encoding: 'utf8',
  });
  const [soft = '1024', hard = '1024'] = limits.trim().split(/\s+/);
  const setLimit = (count: string): void =>
    void execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${count}:${hard}`]);
  setLimit('10');
  expect((await rig.cli('status')).code).not.toBe(0);
  await load.more(200);
  const since = Date.now();
  setLimit(soft);
  await eventually('it answers again', async () => (await rig.cli('status')).code === 0);
  expect((await rig.status()).manager.pid).toBe(pid);
  await expectRecovery(context, scene, 'a manager that may open no further descriptor, then may', since);
});
