// Row 13: programs that are not Node get their sockets as systemd passes them, are ready when they are and not when the
// kernel is, and are stopped with a signal.
//
// @module-tag more

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { strangePuppet } from '../../support/apps.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { needsLinux } from '../../support/needs.ts';
import { isAlive } from '../../support/process-table.ts';
import { createRig, type Rig } from '../../support/rig.ts';
import { LONG } from '../../support/tiers.ts';

const FIRST_PASSED = 3;
const ANY_PROGRAM = ['/bin/sh', '-c'];

const SLEEPER = { command: ['sleep', '600'], workers: 1, inheritEnv: ['PATH'], ready: { on: 'delay', delay: 100 } };

/** Of the one worker. What Linux shows of it is what it was started with: it changes nothing. */
async function startedWith(rig: Rig): Promise<{ pid: number; env: ReadonlySet<string>; fds: readonly string[] }> {
  const pid = (await rig.pids('any'))[0] ?? 0;
  const env = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const isOurs = (line: string): boolean => line !== '' && !line.startsWith('PATH=');
  return { pid, env: new Set(env.filter(isOurs)), fds: readdirSync(`/proc/${pid}/fd`) };
}

describe('row 13: a program that is not Node', () => {
  test('gets its sockets from descriptor 3 on, counted, named, meant for its pid, and nothing else', async (context) => {
    needsLinux(context);
    const [one, two] = [await freePort(), await freePort()];
    await using rig = await createRig({
      apps: { any: { ...SLEEPER, listen: [one, `127.0.0.1:${two}`], env: { A: 'a b' } } },
    });
    await rig.run('start');
    const { pid, env, fds } = await startedWith(rig);
    expect(env).toEqual(
      new Set([
        ...['A=a b', 'LISTEN_FDS=2', `LISTEN_PID=${pid}`, `LISTEN_FDNAMES=${one}:127.0.0.1_${two}`],
        ...['EVENKEEL_APP=any', 'EVENKEEL_WORKER=0', 'EVENKEEL_GENERATION=1', 'NODE_APP_INSTANCE=0', 'NAUGHT_WORKER=0'],
      ]),
    );
    expect(fds).toEqual(['0', '1', '2', '3', '4']);
    // O_RDWR alone: it blocks, as a program that has never heard of non-blocking sockets expects.
    expect(readFileSync(`/proc/${pid}/fdinfo/${FIRST_PASSED}`, 'utf8')).toMatch(/^flags:\t02$/m);
  });

  test('gets no LISTEN variables where nothing is declared', async (context) => {
    needsLinux(context);
    await using rig = await createRig({ apps: { any: SLEEPER } });
    await rig.run('start');
    const { env, fds } = await startedWith(rig);
    expect([...env].filter((line) => line.startsWith('LISTEN'))).toEqual([]);
    expect(fds).toEqual(['0', '1', '2']);
  });

  test('gets an address that a reload adds, listened on already', LONG, async () => {
    const [one, two] = [await freePort(), await freePort()];
    await using rig = await createRig({ apps: { any: strangePuppet({ listen: [one], env: { VERSION: 'one' } }) } });
    const start = rig.spawnCli(['start']);
    await (await rig.puppets.next()).accept(FIRST_PASSED);
    expect((await start.ended).code).toBe(0);
    rig.editApp('any', { listen: [one, two] });
    rig.editEnv('any', { VERSION: 'two' });
    const reload = rig.spawnCli(['reload']);
    const next = await rig.puppets.next();
    // It waits in the queue of a socket that nobody accepts on yet.
    const early = fetch(`http://127.0.0.1:${two}/`);
    await next.accept(FIRST_PASSED);
    await next.accept(FIRST_PASSED + 1);
    expect(await (await early).json()).toMatchObject({ version: 'two', pid: next.pid });
    expect((await reload.ended).code).toBe(0);
  });

  test('that does not exist is named, and nothing is started', async () => {
    await using rig = await createRig({
      apps: { any: { command: ['no-such-program'], listen: [await freePort()], workers: 1, restart: { limit: 1 } } },
    });
    const { code, stderr } = await rig.cli('start');
    expect(code).toBe(2);
    expect(stderr).toMatch(/apps\.any\.command\[0\]: there is no program "no-such-program" in the app's PATH/);
  });
});

describe('row 13: ready', () => {
  test('tcp on a declared port: not before this very worker accepts, though the port does', async (context) => {
    needsLinux(context);
    const port = await freePort();
    await using rig = await createRig({ apps: { any: strangePuppet({ listen: [port] }) } });
    const start = rig.spawnCli(['start']);
    const old = await rig.puppets.next();
    // The kernel takes it, and nobody else.
    const early = fetch(`http://127.0.0.1:${port}/`);
    await old.print('marker\n');
    expect(await rig.app('any')).toMatchObject({ state: 'starting', ready: 0 });
    await old.accept(FIRST_PASSED);
    expect((await start.ended).code).toBe(0);
    expect(await (await early).json()).toMatchObject({ pid: old.pid });

    const load = rig.load({ port, clients: 2 });
    const deploy = rig.spawnCli(['deploy', 'any']);
    const next = await rig.puppets.next();
    await load.more(200);
    expect((await rig.app('any')).deploy).toMatchObject({ phase: 'booting', ready: 0 });
    await load.stop();
    await next.accept(FIRST_PASSED);
    expect((await deploy.ended).code).toBe(0);
    await old.closed;
  });

  test('tcp on a declared port: one that ends before it accepts fails the deploy', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { any: strangePuppet({ listen: [port] }) } });
    const start = rig.spawnCli(['start']);
    const old = await rig.puppets.next();
    await old.accept(FIRST_PASSED);
    expect((await start.ended).code).toBe(0);
    const deploy = rig.spawnCli(['deploy', 'any']);
    const next = await rig.puppets.next();
    await next.exit(7);
    const { code, stderr } = await deploy.ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/exited with code 7 before it was ready/)]);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ pid: old.pid });
  });

  test('http on a declared port: the answer of an old worker does not count', async (context) => {
    needsLinux(context);
    const port = await freePort();
    const ready = { on: 'http', url: `http://127.0.0.1:${port}/healthz` };
    await using rig = await createRig({ apps: { any: strangePuppet({ listen: [port], ready }) } });
    const start = rig.spawnCli(['start']);
    const old = await rig.puppets.next();
    await old.accept(FIRST_PASSED);
    expect((await start.ended).code).toBe(0);
    const deploy = rig.spawnCli(['deploy', 'any']);
    const next = await rig.puppets.next();
    await next.health(503);
    await next.accept(FIRST_PASSED);
    const load = rig.load({ port, clients: 4, mode: 'close' });
    await load.sees(next.hello.version);
    await load.more(200);
    await load.stop();
    expect((await rig.app('any')).deploy).toMatchObject({ phase: 'booting', ready: 0 });
    await next.health(200);
    expect((await deploy.ended).code).toBe(0);
  });

  test('a line of its log', async () => {
    const port = await freePort();
    const ready = { on: 'log', pattern: '^at your service$' };
    await using rig = await createRig({ apps: { any: strangePuppet({ listen: [port], ready }) } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    await worker.accept(FIRST_PASSED);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(await rig.app('any')).toMatchObject({ state: 'starting', ready: 0 });
    await worker.print('at your service\n', 'stderr');
    expect((await start.ended).code).toBe(0);
  });

  test.each(['message', 'listening'])('%s takes an agent: refused, with its place and what to write', async (on) => {
    await using rig = await createRig({ configText: `apps:\n  any:\n    command: [x]\n    ready: { on: ${on} }\n` });
    const { code, stdout } = await rig.cli('check');
    expect(code).toBe(2);
    expect(stdout).toContain('evenkeel.config.yaml:4:18');
    expect(stdout).toContain(`"${on}" is only for apps with a script`);
    expect(stdout).toContain('use tcp, http with a whole URL, log, or delay');
  });
});

test('row 13: a health check on a declared port finds the sick one, and no other', async (context) => {
  needsLinux(context);
  const port = await freePort();
  const health = { http: `http://127.0.0.1:${port}/healthz`, interval: '50ms', timeout: '2s', failures: 3 };
  await using rig = await createRig({ apps: { any: strangePuppet({ listen: [port], workers: 2, health }) } });
  const start = rig.spawnCli(['start']);
  const [sick, well] = [await rig.puppets.next(), await rig.puppets.next()];
  for (const worker of [sick, well]) await worker.accept(FIRST_PASSED);
  expect((await start.ended).code).toBe(0);
  await sick.health(500);
  const next = await rig.puppets.next();
  expect(next.hello.slot).toBe(sick.hello.slot);
  await next.accept(FIRST_PASSED);
  await sick.closed;
  expect(well.isRunning).toBe(true);
});

describe('row 13: the end', () => {
  test('comes with stop.signal, to the program and not to what it started', async () => {
    const code = `
      sh -c 'trap "echo child >>told" INT; echo up; while :; do sleep 0.05; done' &
      trap 'echo program >>told; kill -9 $!; exit 0' INT
      while :; do wait; done
    `;
    await using rig = await createRig({
      apps: {
        any: {
          command: [...ANY_PROGRAM, code],
          workers: 1,
          stop: { signal: 'SIGINT' },
          ready: { on: 'log', pattern: 'up' },
        },
      },
    });
    await rig.run('start');
    await rig.run('stop', 'any');
    expect(rig.read('told')).toBe('program\n');
  });

  test('comes by force at stop.timeout, to all that it started', async () => {
    const code = `
      trap '' TERM
      sh -c 'trap "" TERM; echo $$$$ >child; echo up; exec sleep 600' &
      while :; do wait; done
    `;
    await using rig = await createRig({
      apps: {
        any: {
          ...{ command: [...ANY_PROGRAM, code], workers: 1, stop: { timeout: '300ms' } },
          ready: { on: 'log', pattern: 'up' },
        },
      },
    });
    await rig.run('start');
    const child = Number(rig.read('child'));
    const { stdout } = await rig.run('stop', 'any');
    expect(stdout).toContain('1 had to be killed');
    await eventually('its child is gone', () => !isAlive(child));
  });
});
