// `start` and `stop`: what they bring up, when they return, and that nothing is left.

import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { describe, expect, test } from 'vitest';
import { frames, sendFrame } from '../../src/platform/ndjson-stream.ts';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { needsLinux } from '../support/needs.ts';
import { isAlive, processesOf } from '../support/process-table.ts';
import { connects } from '../support/refusals.ts';
import { createRig, fixture } from '../support/rig.ts';
import { seenBy } from '../support/seen-by.ts';
import { LONG, MORE, tiers } from '../support/tiers.ts';

describe('start', () => {
  test('brings every app up and returns when all are ready', async () => {
    await using rig = await createRig({
      apps: {
        web: server('http', await freePort()),
        api: server('express', await freePort(), { workers: 1 }),
        mails: { script: fixture('worker.mjs'), workers: 1, ready: { on: 'message' } },
      },
    });
    await rig.run('start');
    const { manager, apps } = await rig.status();
    expect(manager.config).toBe(rig.path('evenkeel.config.yaml'));
    expect(apps).toMatchObject([
      { name: 'web', state: 'online', generation: 1, desired: 2, ready: 2, drift: false, deploy: null },
      { name: 'api', state: 'online', generation: 1, desired: 1, ready: 1 },
      { name: 'mails', state: 'online', generation: 1, desired: 1, ready: 1 },
    ]);
    expect(apps.flatMap(({ workers }) => workers)).toHaveLength(4);
    for (const { pid, state } of apps.flatMap(({ workers }) => workers)) {
      expect(state).toBe('ready');
      expect(isAlive(pid ?? 0)).toBe(true);
    }
  });

  test('does not return before the last worker is ready', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ workers: 2 }) } });
    const start = rig.spawnCli(['start']);
    const first = await rig.puppets.next();
    const second = await rig.puppets.next();
    await first.listen(port);
    await rig.appWhere('web', 'one worker is ready', ({ deploy }) => deploy?.ready === 1);
    expect(start.isOver).toBe(false);
    await second.listen(port);
    expect((await start.ended).code).toBe(0);
    expect((await rig.app('web')).ready).toBe(2);
  });

  test('of a config without apps says that the manager runs', async () => {
    await using rig = await createRig({ apps: {} });
    const { stdout } = await rig.run('start');
    expect(stdout).toBe(`nothing to start; the manager runs (pid ${(await rig.status()).manager.pid})\n`);
    expect((await rig.run('start')).stdout).toBe('nothing to do\n');
  });

  test('gives each worker its slot and generation, and nothing else of ours', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('environment', port, { workers: 1, inheritEnv: ['PATH'] }) },
    });
    await rig.run('start');
    const { env, argv, execArgv } = await seenBy(port);
    expect(env).toEqual({
      PATH: expect.any(String),
      PORT: String(port),
      VERSION: '1',
      EVENKEEL_APP: 'web',
      EVENKEEL_WORKER: '0',
      EVENKEEL_GENERATION: '1',
      NODE_APP_INSTANCE: '0',
      NAUGHT_WORKER: '0',
    });
    expect(argv.slice(1)).toEqual([fixture('environment.mjs')]);
    expect(execArgv.join(' ')).not.toMatch(/agent/);
  });

  test('with an app that fails: exit 1, the reason and its last lines on stderr, and the others run', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), bad: { script: fixture('throws-at-boot.mjs'), workers: 1 } },
    });
    const { code, stderr } = await rig.cli('start');
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad/);
    expect(stderr).toMatch(/reading the settings/);
    expect(stderr).toMatch(/settings\.json has no key "database"/);
    expect((await rig.app('web')).state).toBe('online');
    expect(['backoff', 'starting', 'failed']).toContain((await rig.app('bad')).state);
  });

  test('with a port that another process has: exit 1 and who has it; the app comes up by itself when the port is free', async () => {
    const port = await freePort();
    const other = net.createServer().listen(port);
    await once(other, 'listening');
    await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
    const { code, stderr } = await rig.cli('start');
    expect(code).toBe(1);
    const problem = `cannot listen on ${port}: it is in use`;
    expect(stderr).toContain(problem);
    expect(stderr).toContain('`evenkeel stop web` ends that');
    expect(await rig.app('web')).toMatchObject({
      state: 'backoff',
      ready: 0,
      problem: expect.stringContaining(problem),
    });
    expect((await rig.run('events', '-n', '100')).stdout).toMatch(/web: cannot listen on .*; tried again in /);
    expect((await rig.run('status')).stdout).toContain(problem);
    other.close();
    await rig.appWhere(
      'web',
      'is online',
      ({ state, ready, problem }) => state === 'online' && ready === 2 && !problem,
    );
    expect(await connects(port)).toBe(true);
  });

  test('a second start says that all runs, exits 0 and touches nothing', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const before = await rig.status();
    await rig.run('start');
    const after = await rig.status();
    expect(after.manager.pid).toBe(before.manager.pid);
    expect(after.apps[0]?.workers.map(({ pid }) => pid)).toEqual(before.apps[0]?.workers.map(({ pid }) => pid));
  });

  test('one app only: the others stay down, and a later start brings them up', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), api: server('http', await freePort()) },
    });
    await rig.run('start', 'web');
    expect((await rig.status()).apps).toMatchObject([
      { name: 'web', state: 'online' },
      { name: 'api', state: 'stopped' },
    ]);
    await rig.run('start');
    expect((await rig.app('api')).state).toBe('online');
  });

  test('an app that depends on another starts after that is ready', async () => {
    const [webPort, apiPort] = [await freePort(), await freePort()];
    await using rig = await createRig({ apps: { web: puppet({ dependsOn: ['api'] }), api: puppet() } });
    const start = rig.spawnCli(['start']);
    const api = await rig.puppets.next();
    expect(api.hello.app).toBe('api');
    await api.listen(apiPort);
    const web = await rig.puppets.next();
    expect(web.hello.app).toBe('web');
    await web.listen(webPort);
    expect((await start.ended).code).toBe(0);
  });

  test('what depends on an app that does not come up waits for it, over a reload too', MORE, async () => {
    const db = { script: 'db.mjs', workers: 1, ready: { on: 'message' }, restart: { minDelay: '20m', maxDelay: '1h' } };
    await using rig = await createRig({
      apps: { db, web: server('http', await freePort(), { dependsOn: ['db'] }) },
      files: { 'db.mjs': 'throw new Error("no disk");' },
    });
    const started = await rig.cli('start');
    expect(started.stdout).toMatch(/web +skipped: it depends on db, which failed; it is started when that serves/);
    const reloaded = await rig.cli('reload');
    expect(reloaded.stdout).toMatch(/web +skipped: it depends on db, which does not run; it is started when/);
    expect([started.code, reloaded.code]).toEqual([1, 1]);
    expect(await rig.app('web')).toMatchObject({ state: 'backoff', ready: 0, problem: 'waits until db serves' });
    rig.write('db.mjs', 'process.send("ready"); setInterval(() => {}, 1000);');
    await rig.run('restart', 'db');
    await rig.appWhere('web', 'is online', ({ state, ready }) => state === 'online' && ready === 2);
  });

  test('two at once: one manager, both succeed', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const results = await Promise.all([rig.cli('start'), rig.cli('start')]);
    expect(results.map(({ code, stderr }) => ({ code, stderr: code === 0 ? '' : stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    const { manager, apps } = await rig.status();
    expect(apps).toMatchObject([{ state: 'online', generation: 1, ready: 2 }]);
    const managers = processesOf(rig.dir).filter(({ command }) => command.includes('evenkeel manager'));
    expect(managers.map(({ pid }) => pid)).toEqual([manager.pid]);
  });

  test('names its processes by app and ecosystem, and for short by the app', async (context) => {
    needsLinux(context);
    const web = server('http', await freePort());
    await using rig = await createRig({ name: 'shop', apps: { web } });
    await rig.run('start');
    const { manager, apps } = await rig.status();
    const seen = [manager.pid, apps[0]?.clusterPid].map((pid) => [
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ''),
      readFileSync(`/proc/${pid}/comm`, 'utf8'),
    ]);
    expect(seen).toEqual([
      ['evenkeel manager of shop', 'evenkeel\n'],
      ['evenkeel cluster web of shop', 'evenkeel:web\n'],
    ]);
  });

  test('--foreground stays until SIGTERM, then stops everything and exits 0', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const start = rig.spawnCli(['start', '--foreground']);
    await eventually('the app is online', async () => {
      if (!existsSync(rig.state.managerSocket)) return false;
      return (await rig.status()).apps[0]?.state === 'online';
    });
    expect(start.isOver).toBe(false);
    start.kill('SIGTERM');
    expect((await start.ended).code).toBe(0);
    expect(processesOf(rig.dir)).toEqual([]);
  });

  test('finds the config from a folder below it', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()) },
      files: { 'src/deep/readme.txt': 'a folder' },
    });
    const { ended } = rig.spawnCli(['start'], { cwd: rig.path('src/deep') });
    expect((await ended).code).toBe(0);
    expect((await rig.app('web')).state).toBe('online');
  });
});

describe('stop', () => {
  test('with no app ends everything and the manager', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    await rig.run('stop');
    await eventually('all processes are gone', () => processesOf(rig.dir).length === 0);
    expect(existsSync(rig.state.managerSocket)).toBe(false);
    expect((await rig.cli('status')).code).toBe(3);
  });

  test('of one app leaves the others, and it stays stopped over a reload until it is started', async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), api: server('http', await freePort()) },
    });
    await rig.run('start');
    const webPids = await rig.pids('web');
    await rig.run('stop', 'api');
    expect(await rig.app('api')).toMatchObject({ state: 'stopped', ready: 0, clusterPid: null });
    await rig.run('reload');
    expect((await rig.app('api')).state).toBe('stopped');
    expect(await rig.pids('web')).toEqual(webPids);
    await rig.run('start', 'api');
    expect((await rig.app('api')).state).toBe('online');
  });

  test('kills a worker that ignores its signal at --timeout', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.trap('SIGTERM');
    const stop = rig.spawnCli(['stop', '--timeout', '300ms']);
    await worker.waitFor((news) => news.news === 'signal');
    await worker.closed;
    expect((await stop.ended).code).toBe(0);
    expect(isAlive(worker.pid)).toBe(false);
  });

  test('finishes the requests in flight', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const worker = await rig.puppets.next();
    const answer = fetch(`http://127.0.0.1:${port}/held`);
    const request = await worker.heldRequest();
    const stop = rig.spawnCli(['stop']);
    await rig.appWhere('web', 'is stopping', ({ state }) => state === 'stopping');
    await worker.end(request, 'at last');
    expect(await (await answer).text()).toBe('at last');
    expect((await stop.ended).code).toBe(0);
  });

  for (const [rows, tier] of tiers([
    ['an app that it starts', {}],
    ['an app that waits for another', { dependsOn: ['web'] }],
  ]))
    test.each(rows)('while a reload is under way ends that too: %s', tier, async (_what, extra) => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
      await rig.run('start');
      await rig.puppets.next();
      rig.editEnv('web', { PORT: undefined });
      rig.editApp('extra', puppet(extra));
      const reload = rig.spawnCli(['reload']);
      // The new web never listens: the reload is under way until it is ended.
      await rig.puppets.next(({ app, generation }) => app === 'web' && generation === 2);
      await rig.run('stop');
      expect((await reload.ended).code).not.toBe(0);
      await eventually('all processes are gone', () => processesOf(rig.dir).length === 0);
    });

  test('while the old workers of a deploy retire lets them finish as well', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    const fromOld = fetch(`http://127.0.0.1:${port}/held`);
    const asked = await old.heldRequest();
    const events = await rig.events();
    const deploy = rig.spawnCli(['deploy', 'web']);
    const fresh = await rig.puppets.next();
    await events.waitFor('worker-draining', ({ pid }) => pid === old.pid);
    const fromNew = fetch(`http://127.0.0.1:${port}/held`);
    const askedNew = await fresh.heldRequest();
    const stop = rig.spawnCli(['stop', 'web']);
    await events.waitFor('worker-draining', ({ pid }) => pid === fresh.pid);
    await old.end(asked, 'of the old');
    await fresh.end(askedNew, 'of the new');
    expect(await (await fromOld).text()).toBe('of the old');
    expect(await (await fromNew).text()).toBe('of the new');
    expect((await stop.ended).code).toBe(0);
    expect((await deploy.ended).code).toBe(0);
    expect((await rig.app('web')).state).toBe('stopped');
  });

  test('does not wait for the cluster process that is brought back, whatever its workers wait for', LONG, async () => {
    const port = await freePort();
    const ready = { timeout: '4m' };
    await using rig = await createRig({ apps: { web: puppet({ listen: [port], ready }) } });
    const start = rig.spawnCli(['start']);
    const old = await rig.puppets.next();
    await old.listen(port);
    expect((await start.ended).code).toBe(0);
    await rig.kill9((await rig.app('web')).clusterPid ?? 0);
    // It never listens.
    await rig.puppets.next();
    await rig.run('stop', 'web', '--timeout', '2s');
    await old.closed;
    expect((await rig.app('web')).state).toBe('stopped');
  });

  test('does not wait for a scale, which says that it came to nothing', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ listen: [port], ready: { timeout: '4m' } }) } });
    const start = rig.spawnCli(['start']);
    await (await rig.puppets.next()).listen(port);
    expect((await start.ended).code).toBe(0);
    const scale = rig.spawnCli(['scale', 'web=2']);
    await rig.puppets.next(({ slot }) => slot === 1);
    await rig.run('stop', 'web', '--timeout', '2s');
    const { code, stderr } = await scale.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/scale failed: aborted: the app was stopped/);
  });

  test(
    'a cluster process that has answered ends when whoever asked hangs up, and answers until then',
    LONG,
    async () => {
      await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
      await rig.run('start');
      const clusterPid = (await rig.app('web')).clusterPid ?? 0;
      await rig.kill9((await rig.status()).manager.pid);
      const socket = net.connect(rig.state.app('web').socket);
      const answers: unknown[] = [];
      const answered = (id: number): Promise<unknown> =>
        eventually(`answer ${id}`, () => answers.some((answer) => (answer as { id?: number }).id === id));
      frames(
        socket,
        (answer) => answers.push(answer),
        () => {},
      );
      sendFrame(socket, { id: 1, type: 'stop', params: { timeout: null } });
      await answered(1);
      sendFrame(socket, { id: 2, type: 'ping', params: {} });
      await answered(2);
      socket.destroy();
      await eventually('it has ended', () => !isAlive(clusterPid));
      await rig.run('start');
    },
  );

  test('with less time overtakes one that leaves the workers more', LONG, async () => {
    const apps = { web: puppet({ env: { PORT: await freePort() }, stop: { timeout: '4m' } }) };
    await using rig = await createRig({ apps });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.trap('SIGTERM');
    const patient = rig.spawnCli(['stop', 'web']);
    await worker.waitFor((news) => news.news === 'signal');
    const { stdout } = await rig.run('stop', 'web', '--timeout', '300ms');
    expect(stdout).toMatch(/stopped; 1 had to be killed/);
    expect((await patient.ended).code).toBe(0);
  });

  test('while a reload still reads the config lets it bring nothing up', LONG, async () => {
    const apps = { web: server('http', await freePort()) };
    const added = { ...apps, extra: server('http', await freePort()) };
    // The manager's own environment has HOLD: its loader waits for as long as the file is there, the CLI's does not.
    const config = (all: object): string => `
      import { existsSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      while (process.env.HOLD && existsSync(new URL('hold', import.meta.url))) await setTimeout(10);
      export default { apps: ${JSON.stringify(all)} };`;
    await using rig = await createRig({ configFile: 'evenkeel.config.mjs', configText: config(apps) });
    expect((await rig.spawnCli(['start'], { env: { HOLD: 'yes' } }).ended).code).toBe(0);
    const events = await rig.events();
    rig.write('evenkeel.config.mjs', config(added));
    rig.write('hold', '');
    const reload = rig.spawnCli(['reload']);
    await events.waitFor('reload-started');
    const stop = rig.spawnCli(['stop']);
    await events.waitFor('app-state', ({ state }) => state === 'stopping');
    rmSync(rig.path('hold'));
    expect((await stop.ended).code).toBe(0);
    expect((await reload.ended).code).not.toBe(0);
    await eventually('all processes are gone', () => processesOf(rig.dir).length === 0);
  });

  test('an app that was stopped stays stopped when the manager dies', MORE, async () => {
    await using rig = await createRig({
      apps: { web: server('http', await freePort()), api: server('http', await freePort()) },
    });
    await rig.run('start');
    await rig.run('stop', 'api');
    await rig.kill9((await rig.status()).manager.pid);
    await rig.run('start', 'web');
    expect((await rig.app('api')).state).toBe('stopped');
  });

  describe('an app that was stopped by name stays stopped at the next `start`, which says so', () => {
    const kept = 'api stays stopped: it was stopped by name; `evenkeel start api` starts it';
    const two = async () =>
      createRig({ apps: { web: server('http', await freePort()), api: server('http', await freePort()) } });

    test.each<[string, (rig: Awaited<ReturnType<typeof two>>) => Promise<unknown>, readonly string[]]>([
      [
        'its manager was killed',
        async (rig) => rig.kill9((await rig.status()).manager.pid),
        ['took over 1 app as it runs: web'],
      ],
      ['everything was stopped', (rig) => rig.run('stop'), []],
      ['the power was cut', (rig) => rig.cutPower(), []],
    ])('where %s', LONG, async (_, end, before) => {
      await using rig = await two();
      await rig.run('start');
      await rig.run('stop', 'api');
      await end(rig);
      const first = await rig.run('start', '--json');
      expect(JSON.parse(first.stdout).notices).toEqual([...before, kept]);
      expect([(await rig.app('web')).state, (await rig.app('api')).state]).toEqual(['online', 'stopped']);
      // Whoever says it again, while the manager runs, means it.
      await rig.run('start');
      expect((await rig.app('api')).state).toBe('online');
    });

    test('with --foreground, and where nothing else is there: exit 0 at its end', LONG, async () => {
      await using rig = await two();
      await rig.run('start');
      await rig.run('stop', 'web', 'api');
      await rig.run('stop');
      const manager = rig.spawnCli(['start', '--foreground']);
      await eventually('it is said of both', () => {
        return /! web stays stopped: .*\n! api stays stopped: /.test(manager.stdout);
      });
      expect((await rig.status()).apps).toMatchObject([{ state: 'stopped' }, { state: 'stopped' }]);
      manager.kill('SIGTERM');
      expect((await manager.ended).code).toBe(0);
      const { stdout } = await rig.run('start');
      expect(stdout).toMatch(/^nothing to start; the manager runs \(pid \d+\)\n! web .*\n! api .*\n$/);
    });
  });
});
