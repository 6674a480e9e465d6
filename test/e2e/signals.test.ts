// Signals to the manager, signals and messages to the workers, and the file with the manager's pid.
//
// @module-tag more

import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { isAlive } from '../support/process-table.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG, tiers } from '../support/tiers.ts';

async function managerPid(rig: Rig): Promise<number> {
  return (await rig.status()).manager.pid;
}

describe('row 20: signals to the manager', () => {
  test('SIGHUP reloads', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort(), { workers: 1 }) } });
    await rig.run('start');
    const events = await rig.events();
    rig.editApp('web', { workers: 2 });
    process.kill(await managerPid(rig), 'SIGHUP');
    expect(await events.waitFor('reload-finished')).toMatchObject({ ok: true, changes: 1 });
    expect(await rig.app('web')).toMatchObject({ desired: 2, ready: 2 });
  });

  test('SIGUSR2 deploys all apps, without a lost request', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('http', port), api: server('http', await freePort(), { workers: 1 }) },
    });
    await rig.run('start');
    const events = await rig.events();
    const load = rig.load({ port, clients: 4 });
    await load.more(20);
    process.kill(await managerPid(rig), 'SIGUSR2');
    const finished = [await events.waitFor('deploy-finished'), await events.waitFor('deploy-finished')];
    expect(finished.map(({ app, outcome }) => `${app} ${outcome}`)).toEqual(
      expect.arrayContaining(['api done', 'web done']),
    );
    await load.more(20);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });

  test('which one deploys is in the config, and a reload changes it', LONG, async () => {
    const apps = { web: server('http', await freePort(), { workers: 1 }) };
    await using rig = await createRig({ deploySignal: null, apps });
    await rig.run('start');
    const pid = await managerPid(rig);
    const events = await rig.events();
    for (const signal of ['SIGUSR1', 'SIGUSR2']) process.kill(pid, signal);
    rig.editConfig((config) => ({ ...config, deploySignal: 'SIGUSR1' }));
    process.kill(pid, 'SIGHUP');
    expect(await events.waitFor('reload-finished')).toMatchObject({ ok: true, changes: 0 });
    process.kill(pid, 'SIGUSR2');
    process.kill(pid, 'SIGUSR1');
    expect(await events.waitFor('deploy-finished')).toMatchObject({ generation: 2, outcome: 'done' });
    rig.editConfig((config) => ({ ...config, deploySignal: 'SIGHUP' }));
    await rig.run('reload');
    process.kill(pid, 'SIGHUP');
    expect(await events.waitFor('deploy-finished')).toMatchObject({ generation: 3, outcome: 'done' });
    expect((await rig.app('web')).generation).toBe(3);
  });

  for (const [rows, tier] of tiers(['SIGTERM', 'SIGINT']))
    test.each(rows)('%s to a manager in the background stops everything gracefully', tier, async (signal) => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: server('http', port) } });
      await rig.run('start');
      const { manager, apps } = await rig.status();
      const pids = [
        manager.pid,
        ...apps.flatMap(({ clusterPid, workers }) => [clusterPid, ...workers.map(({ pid }) => pid)]),
      ];
      const events = await rig.events();
      process.kill(manager.pid, signal);
      const ends = [await events.waitFor('worker-exited'), await events.waitFor('worker-exited')];
      for (const end of ends) expect(end).toMatchObject({ expected: true, code: 0 });
      for (const pid of pids) await eventually(`process ${pid} is gone`, () => pid === null || !isAlive(pid));
      expect((await rig.cli('status')).code).toBe(3);
    });

  test.each([
    ['SIGTERM', 'the command'],
    ['SIGINT', 'the command'],
    ['SIGTERM', 'the manager'],
    ['SIGINT', 'the manager'],
  ] as const)('in the foreground: %s to %s: exit 0 when all went well', async (signal, target) => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const start = rig.spawnCli(['start', '--foreground']);
    await start.waitForLine(/web.*generation 1 serves/);
    if (target === 'the command') start.kill(signal);
    else process.kill(await managerPid(rig), signal);
    expect(await start.ended).toMatchObject({ code: 0, signal: null });
  });

  test('in the foreground: the command passes on to the manager what asks for something', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    const start = rig.spawnCli(['start', '--foreground']);
    await start.waitForLine(/web.*generation 1 serves/);
    const events = await rig.events();
    rig.editApp('web', { workers: 3 });
    start.kill('SIGHUP');
    expect(await events.waitFor('reload-finished')).toMatchObject({ ok: true, changes: 1 });
    start.kill('SIGUSR2');
    expect(await events.waitFor('deploy-finished')).toMatchObject({ app: 'web', outcome: 'done', generation: 2 });
    start.kill('SIGTERM');
    expect(await start.ended).toMatchObject({ code: 0, signal: null });
  });

  test('a second one ends what does not end by itself, at once', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, stop: { timeout: '1h' } }) },
    });
    const start = rig.spawnCli(['start', '--foreground']);
    const worker = await rig.puppets.next();
    await start.waitForLine(/generation 1 serves/);
    await worker.trap('SIGTERM');
    const events = await rig.events();
    start.kill('SIGTERM');
    await worker.waitFor((item) => item.news === 'signal');
    start.kill('SIGTERM');
    expect(await events.waitFor('worker-exited')).toMatchObject({ pid: worker.pid, signal: 'SIGKILL' });
    await start.ended;
  });
});

describe('evenkeel signal', () => {
  test('reaches every worker, by any name of the signal', async () => {
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const workers = [await rig.puppets.next(), await rig.puppets.next()];
    for (const worker of workers) await worker.trap('SIGUSR2');
    const { stdout } = await rig.run('signal', 'web', 'usr2');
    for (const worker of workers) {
      expect(await worker.waitFor(() => true)).toEqual({ news: 'signal', signal: 'SIGUSR2' });
      expect(stdout).toContain(`✓ worker ${worker.hello.slot} (pid ${worker.pid}, generation 1)`);
    }
    const result = await rig.json<OperationResult>('signal', 'web', 'SIGUSR2');
    expect(result.apps).toMatchObject([
      {
        action: 'signal',
        ok: true,
        message: 'SIGUSR2 sent to 2 workers',
        workers: [{ problem: null }, { problem: null }],
      },
    ]);
  });

  test('reaches programs that are not Node', LONG, async () => {
    const script = 'trap "echo got it" USR1; echo up; while :; do sleep 0.05; done';
    const ready = { on: 'log', pattern: '^up$' };
    await using rig = await createRig({ apps: { job: { command: ['/bin/sh', '-c', script], ready } } });
    await rig.run('start');
    await rig.run('signal', 'job', 'SIGUSR1');
    await eventually('it has heard', async () => (await rig.run('logs', 'job')).stdout.includes('got it'));
  });

  test.each([
    ['an app that there is not', ['signal', 'nope', 'SIGUSR2'], 2, /there is no app named "nope"/],
    ['a signal that there is not', ['signal', 'web', 'SIGFOO'], 2, /"SIGFOO" is not a signal/],
    ['an app that is stopped', ['signal', 'web', 'SIGUSR2'], 1, /web/],
    ['an app that is stopped', ['send', 'web', 'hello'], 1, /web/],
  ] as const)('%s: %j exits with %i', LONG, async (_name, args, exit, message) => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    await rig.run('stop', 'web');
    const { code, stdout, stderr } = await rig.cli(...args);
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr).toMatch(message);
  });

  test('without a manager: exit 3', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    expect((await rig.cli('signal', 'web', 'SIGUSR2')).code).toBe(3);
    expect((await rig.cli('send', 'web', 'hello')).code).toBe(3);
  });
});

describe('row 21: a message to every worker', () => {
  test('texts and JSON', async () => {
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const workers = [await rig.puppets.next(), await rig.puppets.next()];
    for (const worker of workers) await worker.hear();
    await rig.run('send', 'web', 'clear the cache');
    await rig.run('send', 'web', '{"level":"debug"}');
    await rig.run('send', 'web', '--parse', '{"level":"debug","list":[1,null]}');
    for (const worker of workers) {
      const heard = [await worker.heard(), await worker.heard(), await worker.heard()];
      expect(heard).toEqual(['clear the cache', '{"level":"debug"}', { level: 'debug', list: [1, null] }]);
    }
    await rig.run('stop', 'web', '--timeout', '500ms');
  });

  test('one that cannot get it: exit 1, and it is named; the others have it', async () => {
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const [deaf, hearing] = [await rig.puppets.next(), await rig.puppets.next()];
    await deaf.disconnect();
    await hearing.hear();
    const { code, stdout } = await rig.cli('send', 'web', 'hello', '--json');
    expect(code).toBe(1);
    expect(await hearing.heard()).toBe('hello');
    const { apps }: OperationResult = JSON.parse(stdout);
    const problems = Object.fromEntries((apps[0]?.workers ?? []).map(({ pid, problem }) => [pid, problem]));
    expect(problems).toEqual({ [deaf.pid]: 'it has closed its channel', [hearing.pid]: null });
    await rig.run('stop', 'web', '--timeout', '500ms');
  });

  test('one that Node would take for its own is refused, and breaks nothing', LONG, async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.hear();
    const { code, stdout } = await rig.cli('send', 'web', '--parse', '{"cmd":"NODE_HANDLE","type":"net.Server"}');
    expect(code).toBe(1);
    expect(stdout).toContain('one of Node itself');
    await rig.run('send', 'web', 'hello');
    expect(await worker.heard()).toBe('hello');
  });

  test('programs that are not Node cannot get one: exit 1, and it says so', async () => {
    await using rig = await createRig({
      apps: { job: { command: ['sleep', '1000'], ready: { on: 'delay', delay: 0 } } },
    });
    await rig.run('start');
    const { code, stdout } = await rig.cli('send', 'job', 'hello');
    expect(code).toBe(1);
    expect(stdout).toContain('only Node programs have a channel');
  });
});

describe('row 31: the pid file', () => {
  test("holds the pid of the manager for as long as it runs, and is nobody else's business", async () => {
    await using rig = await createRig({ apps: { web: { script: fixture('worker.mjs'), ready: { on: 'message' } } } });
    await rig.run('start');
    const file = rig.state.managerPid;
    expect(readFileSync(file, 'utf8')).toBe(`${await managerPid(rig)}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await rig.run('stop');
    expect(existsSync(file)).toBe(false);
  });

  test('of a manager that was killed is replaced by the next one, and misleads no command meanwhile', async () => {
    await using rig = await createRig({ apps: { web: { script: fixture('worker.mjs'), ready: { on: 'message' } } } });
    await rig.run('start');
    const killed = await managerPid(rig);
    await rig.kill9(killed);
    expect(readFileSync(rig.state.managerPid, 'utf8')).toBe(`${killed}\n`);
    expect((await rig.cli('status')).code).toBe(3);
    await rig.run('start');
    expect(readFileSync(rig.state.managerPid, 'utf8')).toBe(`${await managerPid(rig)}\n`);
    expect(await managerPid(rig)).not.toBe(killed);
  });
});
