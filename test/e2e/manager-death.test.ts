// The manager is killed: nothing that runs notices, and the next one adopts it all (P5); the same for the files it left.

import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/core/plan.ts';
import type { HistoryAnswer } from '../../src/protocol/control-api.ts';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { isAlive, processesOf } from '../support/process-table.ts';
import { connects } from '../support/refusals.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG, MORE, tiers } from '../support/tiers.ts';

describe('kill -9 of the manager', () => {
  for (const [rows, tier] of tiers(['keep-alive', 'close']))
    test.each(rows)('costs no request (%s), and the next start adopts every worker', tier, async (mode) => {
      const [web, api] = [await freePort(), await freePort()];
      await using rig = await createRig({
        apps: { web: server('http', web), api: server('http', api, { listen: [api] }) },
      });
      await rig.run('start');
      const before = await rig.status();
      const loads = [web, api].map((port) => rig.load({ port, clients: 6, mode }));
      await Promise.all(loads.map((load) => load.more(50)));
      await rig.kill9(before.manager.pid);
      await Promise.all(loads.map((load) => load.more(300)));
      expect((await rig.cli('status')).code).toBe(3);
      await rig.run('start');
      await Promise.all(loads.map((load) => load.more(100)));
      for (const load of loads) expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
      const after = await rig.status();
      expect(after.manager.pid).not.toBe(before.manager.pid);
      expect(
        after.apps.map(({ clusterPid, generation, workers }) => [
          clusterPid,
          generation,
          workers.map(({ pid }) => pid),
        ]),
      ).toEqual(
        before.apps.map(({ clusterPid, generation, workers }) => [
          clusterPid,
          generation,
          workers.map(({ pid }) => pid),
        ]),
      );
    });

  test('plan tells what a start would make of what is left, and what was stopped by name', LONG, async () => {
    const [web, api, mails] = [await freePort(), await freePort(), await freePort()];
    const apps = { web: server('http', web), api: server('http', api), mails: server('http', mails) };
    await using rig = await createRig({ apps });
    await rig.run('start');
    await rig.run('scale', 'web=3', 'api=3');
    await rig.run('stop', 'api');
    await rig.run('stop', 'mails');
    const plan = async () => (await rig.json<Plan>('plan')).changes.map(({ action, reasons }) => [action, ...reasons]);
    await rig.kill9((await rig.status()).manager.pid);
    const stays = (name: string) => [
      'none',
      `stays stopped: it was stopped by name; \`evenkeel start ${name}\` starts it`,
    ];
    expect(await plan()).toEqual([
      [
        ...['none', 'runs on without a manager: is taken over as it is'],
        'not as the file says (workers): `evenkeel reload` goes by the file',
      ],
      ...[stays('api'), stays('mails')],
    ]);
    await rig.run('start', 'api');
    await rig.run('stop');
    const left = 'with what commands have changed (workers): `evenkeel reload` goes by the file';
    expect(await plan()).toEqual([['start', 'not running', left], ['start', 'not running', left], stays('mails')]);
    // It has only looked.
    expect((await rig.cli('status')).code).toBe(3);
  });

  test('costs no log line', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'web.log' } }) },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('before\n');
    await rig.kill9((await rig.status()).manager.pid);
    await worker.print('while nobody manages\n');
    await rig.run('start');
    await worker.print('after\n');
    await eventually('the last line is there', () => rig.read('web.log').includes('after'));
    expect(rig.read('web.log')).toBe('before\nwhile nobody manages\nafter\n');
  });

  test('does not stop a deploy under way: it finishes by itself and is reported', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=', '--env', 'VERSION=2']);
    const next = await rig.puppets.next();
    const load = rig.load({ port, clients: 4 });
    await load.more(20);
    await rig.kill9((await rig.status()).manager.pid);
    expect((await deploy.ended).code).not.toBe(0);
    await next.listen(port);
    await old.closed;
    await load.sees('2');
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    await rig.run('start');
    expect(await rig.app('web')).toMatchObject({
      state: 'online',
      generation: 2,
      lastDeploy: { generation: 2, outcome: 'done' },
    });
    const { generations } = await rig.json<HistoryAnswer>('history', 'web');
    expect(generations.find(({ generation }) => generation === 2)).toMatchObject({ outcome: 'done', current: true });
    const { stdout } = await rig.run('events', '--json');
    expect(stdout).toMatch(/"deploy-finished"/);
  });

  test('in the midst of a first start: the next start waits for it, and tells how it ended', MORE, async () => {
    const [web, api] = [await freePort(), await freePort()];
    await using rig = await createRig({ apps: { web: puppet(), api: puppet({ dependsOn: ['web'] }) } });
    const first = rig.spawnCli(['start']);
    const worker = await rig.puppets.next(({ app }) => app === 'web');
    await rig.kill9((await rig.status()).manager.pid);
    expect((await first.ended).code).toBe(3);
    const second = rig.spawnCli(['start']);
    await second.waitForLine(/manager started/, 'stderr');
    await worker.listen(web);
    const dependent = await rig.puppets.next(({ app }) => app === 'api');
    await dependent.listen(api);
    expect((await second.ended).code).toBe(0);
    expect(await rig.pids('web')).toEqual([worker.pid]);
    expect((await rig.json<HistoryAnswer>('history', 'web')).generations).toHaveLength(1);
  });

  test('in the midst of a first start that then fails: the next start says so', LONG, async () => {
    await using rig = await createRig({ apps: { web: puppet() } });
    const first = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    await rig.kill9((await rig.status()).manager.pid);
    await first.ended;
    const second = rig.spawnCli(['start']);
    await second.waitForLine(/manager started/, 'stderr');
    await worker.exit(3);
    expect((await second.ended).code).toBe(1);
  });

  test('in the midst of a stop: what was to be stopped is stopped, and nothing is brought up', MORE, async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() } }), api: server('http', await freePort()) },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.trap('SIGTERM');
    const stopping = rig.spawnCli(['stop', 'web']);
    await worker.waitFor((news) => news.news === 'signal');
    await rig.kill9((await rig.status()).manager.pid);
    expect((await stopping.ended).code).toBe(3);
    await rig.run('start', 'api');
    expect((await rig.app('web')).state).toBe('stopping');
    await worker.exit(0);
    await rig.appWhere('web', 'is stopped', ({ state, clusterPid }) => state === 'stopped' && clusterPid === null);
    await rig.kill9((await rig.status()).manager.pid);
    await rig.run('start', 'api');
    expect(await rig.app('web')).toMatchObject({ state: 'stopped', workers: [] });
    expect(rig.puppets.waiting).toBe(0);
  });

  test('in the midst of a stop: a start of the same app waits for its end, and starts it anew', LONG, async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.trap('SIGTERM');
    const stopping = rig.spawnCli(['stop']);
    await worker.waitFor((news) => news.news === 'signal');
    await rig.kill9((await rig.status()).manager.pid);
    await stopping.ended;
    const starting = rig.spawnCli(['start']);
    await starting.waitForLine(/manager started/, 'stderr');
    await worker.exit(0);
    expect(await starting.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/generation 2 serves/) });
  });

  test.each(['goes on', 'has ended'])(
    'in the midst of a restart that stops the app first, whose stop %s when the next one comes: that starts it again',
    LONG,
    async (moment) => {
      await using rig = await createRig({
        apps: { web: puppet({ env: { PORT: await freePort() } }), api: server('http', await freePort()) },
      });
      await rig.run('start');
      const worker = await rig.puppets.next();
      await worker.trap('SIGTERM');
      rig.editApp('web', { balance: 'round-robin' });
      await rig.run('reload');
      const { clusterPid } = await rig.app('web');
      const restarting = rig.spawnCli(['restart', 'web']);
      await worker.waitFor((news) => news.news === 'signal');
      await rig.kill9((await rig.status()).manager.pid);
      await restarting.ended;
      const end = async (): Promise<void> => {
        await worker.exit(0);
        await eventually('the old cluster process has ended', () => clusterPid === null || !isAlive(clusterPid));
      };
      if (moment === 'has ended') await end();
      await rig.run('start', 'api');
      if (moment === 'goes on') await end();
      const successor = await rig.puppets.next();
      expect(await rig.appWhere('web', 'is online', ({ state }) => state === 'online')).toMatchObject({
        workers: [{ pid: successor.pid }],
        generation: 2,
      });
      expect(rig.puppets.waiting).toBe(0);
    },
  );

  test('and a worker killed meanwhile comes back by itself', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await rig.kill9((await rig.status()).manager.pid);
    await rig.kill9(worker.pid);
    const successor = await rig.puppets.next();
    await rig.run('start');
    expect(await rig.appWhere('web', 'is online', ({ state }) => state === 'online')).toMatchObject({
      workers: [{ pid: successor.pid, restarts: 1 }],
    });
  });

  test('the config edited meanwhile is applied by reload, not by start', MORE, async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    await rig.kill9((await rig.status()).manager.pid);
    rig.editApp('web', { workers: 3 });
    await rig.run('start');
    expect(await rig.pids('web')).toEqual(pids);
    await rig.run('reload');
    expect((await rig.pids('web')).slice(0, 2)).toEqual(pids);
    expect((await rig.app('web')).ready).toBe(3);
  });
});

describe('kill -9 of a cluster process with a declared port', () => {
  test('costs no request', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
    await rig.run('start');
    const { clusterPid } = await rig.app('web');
    const load = rig.load({ port, clients: 6 });
    await load.more(50);
    await rig.kill9(clusterPid ?? 0);
    await load.more(200);
    await rig.appWhere(
      'web',
      'has another cluster process',
      (app) => app.state === 'online' && app.clusterPid !== clusterPid,
    );
    await load.more(100);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });
});

describe('what a dead manager left', () => {
  test('everything was killed, as by a power cut: start cleans up and brings all up again', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    for (const { pid } of processesOf(rig.dir)) await killIfThere(rig, pid);
    expect((await rig.run('start')).stdout).toMatch(/web +start: came back as it ran: generation 1/);
    expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 2 });
    expect((await rig.run('start')).stdout).toBe('nothing to do\n');
  });

  test(
    'it comes back as it ran, and a start says that the file has changed since, its port included',
    MORE,
    async () => {
      const [port, other] = [await freePort(), await freePort()];
      await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
      await rig.run('start');
      await rig.cutPower();
      rig.editApp('web', { listen: [other], env: { PORT: other, VERSION: '2' } });
      const { stdout, stderr } = await rig.run('start');
      expect(stdout).toContain('came back as it ran: generation 1');
      expect(stdout + stderr).toContain('web runs as it did before, and the file has changed since');
      expect([await connects(port), await connects(other)]).toEqual([true, false]);
      expect((await rig.run('reload')).code).toBe(0);
    },
  );

  test('an app that the file no longer has comes back on its port, and a reload removes it', LONG, async () => {
    const [port, other] = [await freePort(), await freePort()];
    const apps = { web: server('http', port, { listen: [port] }), api: server('http', other) };
    await using rig = await createRig({ apps });
    await rig.run('start');
    await rig.cutPower();
    rig.removeApp('web');
    await rig.run('start');
    await rig.appWhere('web', 'is online', ({ state, ready }) => state === 'online' && ready === 2);
    expect(await connects(port)).toBe(true);
    expect((await rig.run('reload')).stdout).toMatch(/web +stop/);
  });

  test(
    'a stranger has the port by now: start and status say who, and it comes back when that has gone',
    LONG,
    async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
      await rig.run('start');
      await rig.cutPower();
      rig.editEnv('web', { VERSION: '2' });
      await eventually('its port refuses', async () => !(await connects(port)));
      const other = createServer().listen(port);
      await once(other, 'listening');
      const { code, stderr } = await rig.cli('start');
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining(`cannot listen on ${port}: it is in use by node (pid ${process.pid})`),
      ]);
      expect(await rig.app('web')).toMatchObject({
        state: 'backoff',
        ready: 0,
        problem: expect.stringContaining('it is in use'),
      });
      other.close();
      await rig.appWhere('web', 'is online', ({ state, ready }) => state === 'online' && ready === 2);
      // As it ran, and not as the file says by now.
      expect((await rig.app('web')).generation).toBe(1);
    },
  );

  for (const [rows, tier] of tiers([
    ['garbage', '{"half": '],
    ['nothing', ''],
    ['another kind of document', '[1, 2, 3]'],
  ]))
    test.each(rows)('a state file with %s is set aside, and rebuilt from what lives', tier, async (_what, content) => {
      await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
      await rig.run('start');
      const before = await rig.pids('web');
      await rig.kill9((await rig.status()).manager.pid);
      writeFileSync(rig.state.stateFile, content);
      await rig.run('start');
      expect(await rig.pids('web')).toEqual(before);
      const aside = readdirSync(dirname(rig.state.stateFile)).filter((name) => name.startsWith('state.json.'));
      expect(aside).not.toEqual([]);
      expect((await rig.run('events', '--json')).stdout).toMatch(/"state-repaired"/);
    });

  test('no second manager runs on one state directory', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const { manager } = await rig.status();
    const { code, stderr } = await rig.cli('start', '--foreground');
    expect(code).toBe(1);
    expect(stderr).toContain(String(manager.pid));
    expect((await rig.status()).manager.pid).toBe(manager.pid);
  });

  test('a pid file that names a process of somebody else is not believed', LONG, async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    await rig.run('stop');
    writeFileSync(rig.state.managerPid, `${process.pid}\n`);
    await rig.run('start');
    expect((await rig.status()).manager.pid).not.toBe(process.pid);
    expect(isAlive(process.pid)).toBe(true);
  });
});

test('a state directory whose path is longer than a unix socket allows works, and leaves no socket', async () => {
  const nested = Array.from({ length: 6 }, (_, index) => `${index}-${'long'.repeat(6)}`).join('/');
  await using rig = await createRig({ apps: { web: server('http', await freePort()) }, nested });
  expect(rig.state.managerSocket.startsWith(rig.dir)).toBe(false);
  await rig.run('start');
  expect((await rig.app('web')).state).toBe('online');
  await rig.kill9((await rig.status()).manager.pid);
  await rig.run('start');
  expect((await rig.app('web')).ready).toBe(2);
  await rig.run('stop');
  const { socket, agentsSocket } = rig.state.app('web');
  expect([rig.state.managerSocket, socket, agentsSocket].filter((path) => existsSync(path))).toEqual([]);
});

async function killIfThere(rig: Rig, pid: number): Promise<void> {
  if (isAlive(pid)) await rig.kill9(pid);
}
