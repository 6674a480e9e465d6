// The state directory, or a file in it, is removed while everything runs, as by `git clean -fdx`: the apps do not notice,
// commands go on telling the truth, and what was removed comes back.
//
// @module-tag more

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { isAlive, processesOf } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

const APP_FILES = ['cluster.json', 'cluster.sock'];
const FILES = [
  'config.path',
  'manager.lock',
  'manager.log',
  'manager.out',
  'manager.pid',
  'manager.sock',
  'state.json',
];

async function startedRig(): Promise<{ readonly rig: Rig; readonly ports: readonly [number, number] }> {
  const ports = [await freePort(), await freePort()] as const;
  const rig = await createRig({
    apps: { web: server('http', ports[0]), api: server('http', ports[1], { listen: [ports[1]] }) },
  });
  await rig.run('start');
  return { rig, ports };
}

function isComplete({ state }: Rig): boolean {
  const apps = ['web', 'api'].flatMap((app) => APP_FILES.map((file) => join('apps', app, file)));
  return [...FILES, ...apps].every((file) => existsSync(join(state.dir, file)));
}

/** Pids of everything: what the test is about is that none of them changes. */
async function pidsOf(rig: Rig): Promise<unknown> {
  const { manager, apps } = await rig.status();
  return [manager.pid, apps.map(({ clusterPid, workers }) => [clusterPid, workers.map(({ pid }) => pid)])];
}

/** At once, also while something in it is being written. */
function remove(path: string): void {
  if (!existsSync(path)) return;
  const aside = `${path}.removed`;
  renameSync(path, aside);
  rmSync(aside, { recursive: true });
}

function processCount(rig: Rig): number {
  return processesOf(rig.dir).length;
}

describe('the state directory is removed while everything runs', () => {
  test('no request is lost, every file comes back, private, and every command works', async () => {
    const { rig, ports } = await startedRig();
    await using _ = rig;
    const [pids, count] = [await pidsOf(rig), processCount(rig)];
    const loads = ports.map((port) => rig.load({ port, clients: 4 }));
    await Promise.all(loads.map((load) => load.more(50)));
    remove(rig.state.dir);
    await eventually('the files are back', () => isComplete(rig));
    expect(statSync(rig.state.dir).mode & 0o777).toBe(0o700);
    for (const file of [rig.state.managerLog, rig.state.stateFile, rig.state.app('web').socket]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(await pidsOf(rig)).toEqual(pids);
    expect(processCount(rig)).toBe(count);
    for (const command of [['plan'], ['logs', '-n', '1'], ['history', 'web'], ['scale', 'web=3'], ['deploy', 'api']]) {
      await rig.run(...command);
    }
    await rig.run('reload');
    await Promise.all(loads.map((load) => load.more(50)));
    for (const load of loads) expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect((await rig.run('events', '--json')).stdout).toMatch(/"state-repaired"/);
    await rig.run('stop');
    expect(processesOf(rig.dir)).toEqual([]);
  });

  test.each([
    ['status', 0],
    ['start', 0],
    ['version', 0],
  ])('%s right after it finds the manager that runs', LONG, async (command, code) => {
    const { rig } = await startedRig();
    await using _ = rig;
    const pids = await pidsOf(rig);
    remove(rig.state.dir);
    const result = await rig.cli(command);
    expect(result).toMatchObject({ code });
    expect(result.stdout + result.stderr).not.toMatch(/no manager is running|manager started/);
    expect(await pidsOf(rig)).toEqual(pids);
  });

  test('stop right after it ends everything', async () => {
    const { rig } = await startedRig();
    await using _ = rig;
    remove(rig.state.dir);
    const { code, stdout } = await rig.cli('stop');
    expect(stdout).toMatch(/web.*stopped/);
    expect(code).toBe(0);
    expect(processesOf(rig.dir)).toEqual([]);
  });

  test('a second manager that comes before the first has noticed is refused, and nothing changes', LONG, async () => {
    const { rig } = await startedRig();
    await using _ = rig;
    const pids = await pidsOf(rig);
    remove(rig.state.dir);
    const foreground = await rig.cli('start', '--foreground');
    expect(foreground.code).toBe(1);
    expect(foreground.stderr).toMatch(/a manager runs already/);
    expect(await pidsOf(rig)).toEqual(pids);
  });

  test('after the death of the manager, the next one adopts what runs', async () => {
    const { rig, ports } = await startedRig();
    await using _ = rig;
    const before = await rig.status();
    const loads = ports.map((port) => rig.load({ port, clients: 4 }));
    await Promise.all(loads.map((load) => load.more(20)));
    await rig.kill9(before.manager.pid);
    remove(rig.state.dir);
    expect((await rig.cli('status')).code).toBe(3);
    await rig.run('start');
    const after = await rig.status();
    expect(after.apps.map(({ clusterPid }) => clusterPid)).toEqual(before.apps.map(({ clusterPid }) => clusterPid));
    await Promise.all(loads.map((load) => load.more(20)));
    for (const load of loads) expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    await rig.run('stop');
    expect(processesOf(rig.dir)).toEqual([]);
  });

  test('the whole project was removed and is back: it is managed as before', LONG, async () => {
    const { rig } = await startedRig();
    await using _ = rig;
    const { manager } = await rig.status();
    const config = rig.read('evenkeel.config.yaml');
    remove(rig.dir);
    mkdirSync(rig.dir);
    rig.write('evenkeel.config.yaml', config);
    expect((await rig.cli('status')).code).toBe(0);
    await rig.run('stop');
    expect(isAlive(manager.pid)).toBe(false);
  });
});

describe('a single file of it is removed', () => {
  test.each(FILES)('%s comes back', LONG, async (file) => {
    const { rig } = await startedRig();
    await using _ = rig;
    const pids = await pidsOf(rig);
    remove(join(rig.state.dir, file));
    expect((await rig.cli('status')).code).toBe(0);
    await eventually(`${file} is back`, () => isComplete(rig));
    expect(await pidsOf(rig)).toEqual(pids);
    // The lock is one again.
    expect((await rig.cli('start', '--foreground')).code).toBe(1);
    await rig.run('stop');
    expect(readdirSync(rig.state.dir).sort()).toEqual([
      'apps',
      'config.path',
      'manager.log',
      'manager.out',
      'state.json',
    ]);
  });

  test.each(APP_FILES)('%s of an app comes back, and the next manager adopts it', LONG, async (file) => {
    const { rig } = await startedRig();
    await using _ = rig;
    const before = await rig.status();
    remove(join(rig.state.app('web').dir, file));
    await rig.run('scale', 'web=1');
    await rig.run('logs', 'web', '-n', '1');
    await rig.kill9(before.manager.pid);
    remove(join(rig.state.app('web').dir, file));
    await rig.run('start');
    expect((await rig.app('web')).clusterPid).toBe(before.apps[0]?.clusterPid);
    await eventually(`${file} is back`, () => isComplete(rig));
  });
});
