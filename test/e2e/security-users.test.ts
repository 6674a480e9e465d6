// An app that runs as another user cannot use evenkeel's root: not to end what is not its own, not to write elsewhere.
//
// @module-tag more

import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { agentsSocketFor } from '../../src/platform/paths.ts';
import { server } from '../support/apps.ts';
import { CLI, NODE } from '../support/cli-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { needsLinux, needsUser } from '../support/needs.ts';
import { isAlive } from '../support/process-table.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

const NOBODY = 65_534;
const AGENT = CLI.replace(/cli\/main\.cjs$/, 'agent/main.cjs');

function needsToBecomeNobody(context: TestContext): void {
  needsLinux(context);
  needsUser(context, NOBODY, AGENT, fixture('http.mjs'), NODE);
}

/** A process of root's that leads its own session, as workers do, and has nothing to do with evenkeel. */
function victim(): ChildProcess & { readonly pid: number } {
  const child = spawn('/bin/sleep', ['600'], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('not started');
  return Object.assign(child, { pid: child.pid });
}

const HELLO = { type: 'hello', app: 'web', slot: 0, generation: 1, orphan: true, startedAt: 1, sockets: [] };

/** Resolves when the cluster process hangs up. */
function claim(path: string, pid: number): Promise<unknown> {
  const socket = net.connect(path, () => void socket.write(`${JSON.stringify({ ...HELLO, pid })}\n`));
  return new Promise((resolve, reject) => socket.once('close', resolve).once('error', reject));
}

/** The same, said by nobody, as code that got into the app would. */
async function claimAsNobody(path: string, pid: number): Promise<void> {
  const hello = JSON.stringify(JSON.stringify({ ...HELLO, pid }));
  const code = `const s = net.connect(process.argv[1], () => s.write(${hello} + '\\n')); s.on('close', () => process.exit(7))`;
  const child = spawn(NODE, ['-e', code, path], { uid: NOBODY, gid: NOBODY, cwd: '/', stdio: 'inherit' });
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(7);
}

test('no process becomes a worker by being called one', async () => {
  await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
  await rig.run('start');
  const other = victim();
  await claim(rig.state.app('web').agentsSocket, other.pid);
  await rig.run('stop', 'web', '--timeout', '1s');
  expect((await rig.run('events', '--json')).stdout).not.toContain('worker-adopted');
  expect(isAlive(other.pid)).toBe(true);
});

test('an app of another user cannot have root end what is root’s, while its orphans look for a successor', async (context) => {
  needsToBecomeNobody(context);
  const port = await freePort();
  await using rig = await createRig({
    apps: { web: server('upload', port, { workers: 1, listen: [port], user: 'nobody', stop: { timeout: '20s' } }) },
  });
  await rig.run('start');
  const { clusterPid, workers } = await rig.app('web');
  const orphan = workers[0]?.pid ?? 0;
  // As long as the orphan waits for the end of an upload, the socket is there.
  const held = await openRequest(port);
  rig.defer(() => void held.destroy());
  const events = await rig.events();
  await rig.kill9(clusterPid ?? 0);
  const socket = agentsSocketFor(rig.state.app('web').agentsSocket, NOBODY);
  await events.waitFor('worker-draining', ({ pid }) => pid === orphan);
  const other = victim();
  await claimAsNobody(socket, other.pid);
  held.destroy();
  await events.waitFor('worker-exited', ({ pid }) => pid === orphan);
  await rig.run('stop', '--timeout', '1s');
  expect(events.all.flatMap((event) => (event.type === 'worker-adopted' ? [event.pid] : []))).toEqual([orphan]);
  expect(isAlive(other.pid)).toBe(true);
  await eventually('the socket of the orphans is gone', () => !existsSync(socket));
});

/** One whose body never comes to an end. */
function openRequest(port: number): Promise<http.ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, method: 'POST', path: '/upload', agent: false });
    request.on('error', reject);
    request.write('begun');
    request.once('socket', (socket) => socket.once('connect', () => setImmediate(resolve, request)));
  });
}

const ATTACK = `
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
createServer((request, response) => {
  try {
    if (request.url === '/attack') {
      renameSync('logs', 'logs.moved');
      mkdirSync('logs');
      symlinkSync(process.env.VICTIM, 'logs/web.out.log');
    }
    console.log('a line of the app');
    response.end('done');
  } catch (error) {
    response.end(error.code);
  }
}).listen(Number(process.env.PORT));
`;

function attackable(port: number, rig: Rig): void {
  const env = { PORT: port, VICTIM: rig.path('victim') };
  const app = { script: 'app/server.mjs', cwd: '.', workers: 1, user: 'nobody', env, deploy: { settle: '100ms' } };
  rig.write('victim', 'only root writes here\n');
  rig.write('app/server.mjs', ATTACK);
  rig.writeConfig({
    apps: { web: { ...app, cwd: 'app', script: 'server.mjs', logs: { stdout: 'app/logs/web.out.log' } } },
  });
  chownSync(rig.path('app'), NOBODY, NOBODY);
}

test(
  'an app of another user cannot have root write elsewhere: its folder holds no log of root’s',
  LONG,
  async (context) => {
    needsToBecomeNobody(context);
    const port = await freePort();
    await using rig = await createRig();
    attackable(port, rig);
    await rig.run('start');
    const ask = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    expect(await ask('/attack')).toBe('ENOENT');
    expect(await ask('/')).toBe('done');
    await eventually('it is told why', async () => {
      const { stdout } = await rig.run('events', '-n', '50');
      return /log of stdout: .*app is not safe for root to write to: the folder belongs to user id 65534/.test(stdout);
    });
    expect(rig.read('victim')).toBe('only root writes here\n');
    // The app serves, its lines are in memory, and they are written as soon as that is safe.
    expect((await rig.run('logs', '-n', '5', 'web')).stdout).toContain('a line of the app');
    chownSync(rig.path('app'), 0, 0);
    await eventually('the lines are written', () => {
      return existsSync(rig.path('app/logs/web.out.log')) && rig.read('app/logs/web.out.log') !== '';
    });
    expect(statSync(rig.path('app/logs/web.out.log')).uid).toBe(0);
    expect(await ask('/attack')).toBe('EACCES');
  },
);

test('what has taken the place of a log is not written to', LONG, async (context) => {
  needsToBecomeNobody(context);
  const port = await freePort();
  await using rig = await createRig({ files: { victim: 'mine' } });
  rig.writeConfig({ apps: { web: server('http', port, { workers: 1, user: 'nobody' }) } });
  await rig.run('start');
  await rig.run('stop', 'web');
  const log = rig.path('logs/web.out.log');
  renameSync(log, `${log}.moved`);
  symlinkSync(rig.path('victim'), log);
  const events = await rig.events();
  await rig.run('start');
  await events.waitFor('log-problem', ({ message }) => message.includes('it is a symbolic link'));
  expect(readFileSync(rig.path('victim'), 'utf8')).toBe('mine');
});

test('a log of root’s own apps may be anywhere: their folders can have root do anything', LONG, async (context) => {
  needsToBecomeNobody(context);
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port, { workers: 1 }) } });
  chownSync(rig.dir, NOBODY, NOBODY);
  await rig.run('start');
  await eventually('it is there', () => existsSync(rig.path('logs/web.out.log')));
});
