// Declared sockets and the workers that hold them, through the deaths of manager and cluster process in every order.
//
// @module-tag more

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { EvenkeelEvent, EvenkeelEventType } from '../../src/core/events.ts';
import { askApi } from '../support/api-client.ts';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { isAlive, killHard } from '../support/process-table.ts';
import { connects, watchRefusals } from '../support/refusals.ts';
import { type AppConfig, createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG, longUnless } from '../support/tiers.ts';

type EventOf<T extends EvenkeelEventType> = Extract<EvenkeelEvent, { type: T }>;

/** All that was logged so far, by whichever manager. */
async function eventsOf<T extends EvenkeelEventType>(rig: Rig, type: T): Promise<readonly EventOf<T>[]> {
  const { text } = await askApi(rig.state.managerSocket, { path: '/v1/events?n=1000' });
  const events = text.split('\n').filter((line) => line !== '');
  return events.map((line) => JSON.parse(line)).filter((event) => event.type === type);
}

const socketsTaken = (rig: Rig, times = 1) =>
  eventually('the manager has taken the sockets', async () => (await eventsOf(rig, 'sockets-taken')).length >= times);

const gone = (pids: readonly (number | null)[]) =>
  eventually('the workers are gone', () => pids.every((pid) => pid !== null && !isAlive(pid)));

async function killManager(rig: Rig): Promise<void> {
  await rig.kill9((await rig.status()).manager.pid);
}

/** At the same moment, as far as that can be. */
async function killBoth(rig: Rig, app = 'web'): Promise<readonly (number | null)[]> {
  const { manager, apps } = await rig.status();
  const web = apps.find(({ name }) => name === app);
  for (const pid of [manager.pid, web?.clusterPid ?? 0]) {
    if (!killHard(pid)) throw new Error(`${pid} was gone`);
  }
  await gone([manager.pid, web?.clusterPid ?? 0]);
  return web?.workers.map(({ pid }) => pid) ?? [];
}

/** Cluster process and workers. */
async function killAll(rig: Rig): Promise<readonly (number | null)[]> {
  const { clusterPid, workers } = await rig.app('web');
  const pids = [clusterPid, ...workers.map(({ pid }) => pid)];
  for (const pid of pids) killHard(pid ?? 0);
  await gone(pids);
  return pids;
}

const revived = (rig: Rig, before: number | null) =>
  rig.appWhere('web', 'has another cluster process', (app) => app.state === 'online' && app.clusterPid !== before);

const onlyNew = (rig: Rig, old: readonly (number | null)[]) =>
  rig.appWhere(
    'web',
    'has only new workers',
    ({ state, workers }) =>
      state === 'online' &&
      workers.length === 2 &&
      workers.every(({ pid, state: s }) => s === 'ready' && !old.includes(pid)),
  );

function declared(port: number, more: AppConfig = {}): AppConfig {
  return server('http', port, { listen: [port], ...more });
}

/** Started as any other program would be. */
function program(port: number): AppConfig {
  return {
    ...{ command: [process.execPath, fixture('listen-fds.mjs')], ready: { on: 'tcp', port }, workers: 2 },
    ...{ listen: [port], stop: { signal: 'SIGQUIT' }, env: { STOP_SIGNAL: 'SIGQUIT', VERSION: '1' } },
  };
}

interface ClusterFile {
  version: number;
  data: { workers: { identity: { pid: number } }[] };
}

function editClusterFile(rig: Rig, edit: (file: ClusterFile) => void): void {
  const { stateFile } = rig.state.app('web');
  const file: ClusterFile = JSON.parse(readFileSync(stateFile, 'utf8'));
  edit(file);
  writeFileSync(stateFile, JSON.stringify(file));
}

describe('kill -9 of the manager, then of a cluster process that the next one adopted', () => {
  for (const mode of ['keep-alive', 'close'] as const)
    test(`costs no request (${mode})`, longUnless(mode === 'close'), async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: declared(port) } });
      await rig.run('start');
      const load = rig.load({ port, clients: 6, mode });
      await killManager(rig);
      await rig.run('start');
      await socketsTaken(rig);
      const { clusterPid } = await rig.app('web');
      await rig.kill9(clusterPid ?? 0);
      await load.more(200);
      await revived(rig, clusterPid);
      await load.more(100);
      expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    });

  test('costs no request even before the sockets were taken', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port) } });
    await rig.run('start');
    const load = rig.load({ port, clients: 6, mode: 'close' });
    const { clusterPid } = await rig.app('web');
    await killManager(rig);
    const starting = rig.cli('start');
    await eventually('the next manager answers', () => existsSync(rig.state.managerSocket));
    await rig.kill9(clusterPid ?? 0);
    expect((await starting).code).toBe(0);
    await revived(rig, clusterPid);
    await socketsTaken(rig);
    await load.more(100);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });

  test('and of every worker with it: the port never refuses, what comes waits for the next workers', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port) } });
    await rig.run('start');
    await killManager(rig);
    await rig.run('start');
    await socketsTaken(rig);
    const refusals = watchRefusals(port);
    await refusals.more(3);
    const old = await killAll(rig);
    expect(await statusOf({ port })).toBe(200);
    await onlyNew(rig, old);
    expect(await refusals.stop()).toBe(0);
  });

  test('a unix socket, and its file goes with the app', LONG, async () => {
    await using rig = await createRig({
      apps: { web: server('path', 0, { listen: ['./app.sock'], env: { SOCKET: './app.sock' } }) },
    });
    await rig.run('start');
    await killManager(rig);
    await rig.run('start');
    await socketsTaken(rig);
    const { clusterPid } = await rig.app('web');
    await rig.kill9(clusterPid ?? 0);
    expect(await statusOf({ socketPath: rig.path('app.sock') })).toBe(200);
    await revived(rig, clusterPid);
    expect(await statusOf({ socketPath: rig.path('app.sock') })).toBe(200);
    await rig.run('stop');
    expect(existsSync(rig.path('app.sock'))).toBe(false);
  });

  test('a program that is not Node: no request is lost, and the old workers get their stop signal', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: program(port) } });
    await rig.run('start');
    await killManager(rig);
    await rig.run('start');
    await socketsTaken(rig);
    const { clusterPid, workers } = await rig.app('web');
    const old = workers.map(({ pid }) => pid);
    const load = rig.load({ port, clients: 4, mode: 'close' });
    await load.more(20);
    await rig.kill9(clusterPid ?? 0);
    await revived(rig, clusterPid);
    await gone(old);
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });
});

// Only root may start workers of another user.
test.runIf(process.getuid?.() === 0)(
  'kill -9 of the cluster process of an app with another user: its workers drain, although they may not reach the next one',
  LONG,
  async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port, { user: 'nobody', cwd: '/' }) } });
    await rig.run('start');
    const { clusterPid, workers } = await rig.app('web');
    const load = rig.load({ port, clients: 6 });
    await load.more(50);
    await rig.kill9(clusterPid ?? 0);
    await gone(workers.map(({ pid }) => pid));
    await load.more(100);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 2 });
  },
);

describe('an adopted app', () => {
  test('that is stopped at once refuses connections, and nothing of it is left', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port), api: server('http', await freePort()) } });
    await rig.run('start');
    const old = await rig.pids('web');
    await killManager(rig);
    await rig.run('start');
    // The sockets may be on their way.
    await rig.run('stop', 'web');
    expect(await connects(port)).toBe(false);
    await gone(old);
    const { socket, agentsSocket } = rig.state.app('web');
    expect([socket, agentsSocket].filter((path) => existsSync(path))).toEqual([]);
    await rig.run('start', 'web');
    expect((await rig.app('web')).ready).toBe(2);
  });

  test('gets a newly declared address by a reload, without a restart and without losing a request', LONG, async () => {
    const [before, after] = [await freePort(), await freePort()];
    await using rig = await createRig({
      apps: { web: server('ports', before, { listen: [before], env: { PORTS: `${before}` } }) },
    });
    await rig.run('start');
    const { clusterPid } = await rig.app('web');
    await killManager(rig);
    await rig.run('start');
    const load = rig.load({ port: before, clients: 4 });
    rig.editApp('web', { listen: [before, after] });
    rig.editEnv('web', { PORTS: `${before} ${after}` });
    const { stdout, stderr } = await rig.run('reload');
    expect(`${stdout}${stderr}`).not.toContain('restart');
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect(await rig.app('web')).toMatchObject({ clusterPid, generation: 2, state: 'online' });
    expect(await statusOf({ port: after })).toBe(200);
    // Held like any other: also when the cluster process and its workers die.
    await socketsTaken(rig);
    await killAll(rig);
    expect(await statusOf({ port: after })).toBe(200);
    await revived(rig, clusterPid);
  });

  test('that no longer declares an address lets go of it', LONG, async () => {
    const [kept, dropped] = [await freePort(), await freePort()];
    await using rig = await createRig({
      apps: { web: server('ports', kept, { listen: [kept, dropped], env: { PORTS: `${kept} ${dropped}` } }) },
    });
    await rig.run('start');
    await killManager(rig);
    await rig.run('start');
    await socketsTaken(rig);
    expect(await connects(dropped)).toBe(true);
    rig.editApp('web', { listen: [kept] });
    rig.editEnv('web', { PORTS: `${kept}` });
    await rig.run('reload');
    expect(await connects(dropped)).toBe(false);
    expect(await connects(kept)).toBe(true);
  });
});

describe('kill -9 of manager and cluster process at the same moment', () => {
  for (const mode of ['keep-alive', 'close'] as const)
    test(`costs no request (${mode}): the next start takes over`, longUnless(mode === 'close'), async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: declared(port) } });
      await rig.run('start');
      const load = rig.load({ port, clients: 6, mode });
      await load.more(50);
      const old = await killBoth(rig);
      await load.more(200);
      await rig.run('start');
      await onlyNew(rig, old);
      await gone(old);
      await load.more(100);
      expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
      expect((await rig.app('web')).generation).toBe(1);
      await socketsTaken(rig);
      const killed = await killAll(rig);
      expect(await statusOf({ port })).toBe(200);
      await onlyNew(rig, killed);
    });

  test('deploys afterwards as ever', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port) } });
    await rig.run('start');
    const old = await killBoth(rig);
    await rig.run('start');
    await onlyNew(rig, old);
    const load = rig.load({ port, clients: 4 });
    await rig.run('deploy', 'web', '--env', 'VERSION=2');
    await load.sees('2');
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });

  test('of a program that is not Node: its workers serve on, and a restart gives it its port back', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: program(port) } });
    await rig.run('start');
    const load = rig.load({ port, clients: 4, mode: 'close' });
    await load.more(20);
    const old = await killBoth(rig);
    await rig.run('start');
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect((await rig.app('web')).workers.map(({ pid }) => pid)).toEqual(old);
    expect(rig.read('.evenkeel/manager.out')).toContain('`evenkeel restart web`');
    await rig.run('restart', 'web');
    await gone(old);
    expect(await statusOf({ port })).toBe(200);
    const killed = await killAll(rig);
    expect(await statusOf({ port })).toBe(200);
    await onlyNew(rig, killed);
  });

  test(
    'again and again, in turn with each alone: no request is lost, and nobody holds more and more',
    LONG,
    async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: declared(port) } });
      await rig.run('start');
      const load = rig.load({ port, clients: 4, mode: 'close' });
      const held: Held[] = [];
      for (let round = 1; round <= 5; round += 1) {
        const old = await killBoth(rig);
        await rig.run('start');
        await onlyNew(rig, old);
        await socketsTaken(rig, 2 * round - 1);
        const { clusterPid } = await rig.app('web');
        await rig.kill9(clusterPid ?? 0);
        await revived(rig, clusterPid);
        await onlyNew(rig, []);
        await killManager(rig);
        await rig.run('start');
        await socketsTaken(rig, 2 * round);
        await onlyNew(rig, []);
        held.push(
          await eventually('as many descriptors as after the first round', async () => {
            const now = await descriptors(rig);
            const { manager, cluster } = held[0] ?? now;
            // A connection that is being closed may be among them.
            return now.manager <= manager && now.cluster <= cluster && now;
          }),
        );
      }
      await load.more(50);
      expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    },
  );
});

describe('no worker becomes unknown', () => {
  test('one that was not written down tells of itself, is adopted, and drains when its successor is ready', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port) } });
    await rig.run('start');
    const load = rig.load({ port, clients: 4, mode: 'close' });
    const old = await killBoth(rig);
    // As if the cluster process had been killed between its fork and the writing of its file.
    editClusterFile(rig, ({ data }) => data.workers.splice(0, 1));
    await rig.run('start');
    await onlyNew(rig, old);
    await gone(old);
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    const adopted = await eventsOf(rig, 'worker-adopted');
    expect(new Set(adopted.map(({ pid }) => pid))).toEqual(new Set(old));
  });

  test.each([
    ['garbage', '{"half": '],
    ['nothing', ''],
  ])('none of them, where cluster.json has %s', LONG, async (_what, content) => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port) } });
    await rig.run('start');
    await rig.run('deploy', 'web');
    const load = rig.load({ port, clients: 4 });
    const old = await killBoth(rig);
    writeFileSync(rig.state.app('web').stateFile, content);
    await rig.run('start');
    await onlyNew(rig, old);
    await gone(old);
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect((await rig.app('web')).generation).toBe(3);
  });

  test('nor where the state of the manager is lost too', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port) } });
    await rig.run('start');
    const load = rig.load({ port, clients: 4 });
    const old = await killBoth(rig);
    writeFileSync(rig.state.app('web').stateFile, 'lost');
    writeFileSync(rig.state.stateFile, 'lost');
    await rig.run('start');
    await onlyNew(rig, old);
    await gone(old);
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect((await rig.app('web')).generation).toBeGreaterThan(1);
  });

  test('nor where the port is not declared', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port) } });
    await rig.run('start');
    const old = await killBoth(rig);
    writeFileSync(rig.state.app('web').stateFile, 'lost');
    await rig.run('start');
    await onlyNew(rig, old);
    await gone(old);
    expect(await statusOf({ port })).toBe(200);
  });

  test('those of an app that was being stopped are ended', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port), api: server('http', await freePort()) } });
    await rig.run('start');
    const old = await killBoth(rig);
    editState(rig, (apps) => {
      apps.web.wanted = false;
    });
    writeFileSync(rig.state.app('web').stateFile, 'lost');
    await rig.run('start', 'api');
    await gone(old);
    expect(await connects(port)).toBe(false);
    await eventually('the app has stopped', async () => (await rig.app('web')).state === 'stopped');
  });

  test('those of an app that was removed from the config are ended', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port), api: server('http', await freePort()) } });
    await rig.run('start');
    const old = await killBoth(rig);
    writeFileSync(rig.state.app('web').stateFile, 'lost');
    rig.removeApp('web');
    await rig.run('start');
    await rig.run('reload');
    await gone(old);
    expect(await connects(port)).toBe(false);
    await eventually('the app is forgotten', async () => (await rig.status()).apps.length === 1);
  });

  test('status shows them while they are taken over', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: declared(port) } });
    await rig.run('start');
    const old = await killBoth(rig);
    const starting = rig.cli('start');
    await eventually('the orphans are shown', async () => {
      if (!existsSync(rig.state.managerSocket)) return false;
      const app = await rig.app('web').catch(() => null);
      return app?.workers.filter(({ pid, state }) => old.includes(pid) && state === 'ready').length === 2;
    });
    expect((await starting).code).toBe(0);
    await onlyNew(rig, old);
  });
});

function editState(rig: Rig, edit: (apps: Record<string, { wanted: boolean }> & { web: { wanted: boolean } }) => void) {
  const file = JSON.parse(readFileSync(rig.state.stateFile, 'utf8'));
  edit(file.data.apps);
  writeFileSync(rig.state.stateFile, JSON.stringify(file));
}

interface Held {
  readonly manager: number;
  readonly cluster: number;
}

async function descriptors(rig: Rig): Promise<Held> {
  const { manager, apps } = await rig.status();
  const count = (pid: number): number => (existsSync('/proc/self/fd') ? readdirSync(`/proc/${pid}/fd`).length : 0);
  return { manager: count(manager.pid), cluster: count(apps[0]?.clusterPid ?? 0) };
}

/** On a connection of its own. */
function statusOf(target: { port: number } | { socketPath: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, path: '/', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('error', reject);
    asked.end();
  });
}

test('an app whose unix socket has no folder is tried again, and the others are up', LONG, async () => {
  const [first, second] = [await freePort(), await freePort()];
  const waiting = server('http', first, { workers: 1, listen: ['run/a.sock'] });
  await using rig = await createRig({ apps: { waiting, web: server('http', second, { workers: 1 }) } });
  expect((await rig.cli('check')).code).toBe(2);
  const { code, stderr } = await rig.cli('start');
  expect([code, stderr]).toEqual([1, expect.stringContaining(`there is no folder ${rig.path('run')}`)]);
  expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 1 });
  // It is tried again.
  expect((await rig.app('waiting')).state).toBe('backoff');
});
