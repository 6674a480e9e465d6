// What an app may say and hear: readiness, replacement on request, shutdown; junk; and `evenkeel/worker`.
//
// @module-tag more

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import type { AppStatus } from '../../src/core/status.ts';
import { puppet, server } from '../support/apps.ts';
import { NODE, scrubbedEnv } from '../support/cli-process.ts';
import { freePort } from '../support/free-port.ts';
import type { Puppet } from '../support/puppet.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG, tiers } from '../support/tiers.ts';

/** Nothing of this means anything; some of it looks like what Node says to itself. */
const JUNK = [
  null,
  {},
  [],
  7,
  true,
  '',
  'onlin',
  'ONLINE',
  ['online'],
  { event: 'redy' },
  { event: null },
  { event: { event: 'ready' } },
  { type: 'ready' },
  { cmd: 'NODE_CLUSTER' },
  { cmd: 'NODE_CLUSTER', act: 'queryServer' },
  { cmd: 'NODE_CLUSTER', act: 'close', key: 'x' },
  { cmd: 'NODE_UNHEARD_OF' },
];
/** Node looks through all that it has of a message for each part of it that comes: ten times this takes a hundred times as long. */
const HUGE = 'x'.repeat(2 * 1024 * 1024);

async function started(rig: Rig): Promise<Puppet> {
  await rig.run('start');
  return rig.puppets.next();
}

/** The app when it has this worker, and no other any more. */
function alone(rig: Rig, { pid }: Puppet): Promise<AppStatus> {
  return rig.appWhere(
    'web',
    `only has worker ${pid}`,
    ({ workers }) => workers.length === 1 && workers[0]?.pid === pid,
  );
}

test.each([
  ["'online'", 'online', [HUGE, { event: HUGE }]],
  ["'ready'", 'ready', []],
  ["{event: 'ready'}", { event: 'ready' }, []],
])('row 4: ready by message %s; junk is ignored, and kills nobody', async (_name, message, more) => {
  await using rig = await createRig({ apps: { web: puppet({ ready: { on: 'message', timeout: '90s' } }) } });
  const start = rig.spawnCli(['start']);
  const worker = await rig.puppets.next();
  const clusterPid = (await rig.app('web')).clusterPid;
  for (const junk of [...JUNK, ...more]) await worker.send(junk);
  expect(await rig.app('web')).toMatchObject({ state: 'starting', ready: 0, clusterPid });
  await worker.send(message);
  expect((await start.ended).code).toBe(0);
  for (const again of [message, ...JUNK, message]) await worker.send(again);
  // On the same channel, after all these: it has arrived when its effect is there.
  await worker.send('offline');
  const next = await rig.puppets.next();
  await next.send(message);
  await worker.closed;
  expect(await alone(rig, next)).toMatchObject({ state: 'online', ready: 1, clusterPid });
});

test('what Node keeps to itself may end the worker that says it, and nobody else', LONG, async () => {
  await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: await freePort() } }) } });
  await rig.run('start');
  const [saying, other] = [await rig.puppets.next(), await rig.puppets.next()];
  const { clusterPid } = await rig.app('web');
  await saying.send({ cmd: 'NODE_HANDLE_ACK' });
  await Promise.race([saying.send({ cmd: 'NODE_HANDLE', type: 'net.Server' }).catch(() => undefined), saying.closed]);
  await other.send('offline');
  await rig.puppets.next(({ slot }) => slot === other.hello.slot);
  await other.closed;
  await rig.appWhere('web', 'has both workers', ({ ready }) => ready === 2);
  expect((await rig.app('web')).clusterPid).toBe(clusterPid);
});

test('row 5: ready by the first listening, without a line of code', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port) } });
  const start = rig.spawnCli(['start']);
  expect((await start.ended).code).toBe(0);
  expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 2 });
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
});

describe("row 6: 'shutdown'", () => {
  test('reaches the app before the signal', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    const worker = await started(rig);
    await worker.hear();
    await worker.trap('SIGTERM');
    const stop = rig.spawnCli(['stop', 'web']);
    const news = [await worker.waitFor(() => true), await worker.waitFor(() => true)];
    expect(news).toEqual([
      { news: 'message', message: 'shutdown' },
      { news: 'signal', signal: 'SIGTERM' },
    ]);
    await worker.exit(0);
    expect((await stop.ended).code).toBe(0);
  });

  for (const [rows, tier] of tiers(['keep-alive', 'close']))
    test.each(rows)('an app that exits at once loses nothing: %s', tier, async (mode) => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: server('exit-on-shutdown', port) } });
      await rig.run('start');
      const load = rig.load({ port, clients: 8, mode });
      await load.more(100);
      for (const version of ['2', '3']) {
        await rig.run('deploy', 'web', '--env', `VERSION=${version}`);
        await load.sees(version);
      }
      await load.more(100);
      expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    });
});

describe('row 7: a worker that asks to be replaced', () => {
  for (const [rows, tier] of tiers([
    ["'offline'", 'offline'],
    ["'Offline'", 'Offline'],
    ["{event: 'request-restart'}", { event: 'request-restart' }],
  ]))
    test.each(rows)(
      '%s: a replacement first, then it drains; once, however often it asks',
      tier,
      async (_name, message) => {
        const port = await freePort();
        await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
        const asking = await started(rig);
        const events = await rig.events();
        const load = rig.load({ port, clients: 4 });
        await load.more(20);
        for (const _ of Array(3)) await asking.send(message);
        const next = await rig.puppets.next();
        await asking.closed;
        await load.more(50);
        expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
        await events.waitFor('worker-exited', ({ pid }) => pid === asking.pid);
        const seen = events.all.flatMap((event) => ('pid' in event ? [`${event.type} ${event.pid}`] : []));
        expect(seen).toEqual([
          `worker-recycle ${asking.pid}`,
          `worker-started ${next.pid}`,
          `worker-ready ${next.pid}`,
          `worker-draining ${asking.pid}`,
          `worker-exited ${asking.pid}`,
        ]);
        expect(await alone(rig, next)).toMatchObject({ generation: 1, workers: [{ restarts: 0 }] });
      },
    );

  test('has a deadline for its drain', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, stop: { timeout: '300ms' } }) },
    });
    const asking = await started(rig);
    await asking.trap('SIGTERM');
    const events = await rig.events();
    await asking.send('offline');
    await rig.puppets.next();
    expect(await events.waitFor('worker-exited')).toMatchObject({ pid: asking.pid, signal: 'SIGKILL' });
  });

  test('during a deploy is replaced from its own generation, and the deploy goes on', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    const old = await started(rig);
    const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=']);
    const fresh = await rig.puppets.next(({ generation }) => generation === 2);
    await old.send('offline');
    await old.send('offline');
    const substitute = await rig.puppets.next(({ generation }) => generation === 1);
    await old.closed;
    expect((await rig.app('web')).deploy).toMatchObject({ generation: 2, phase: 'booting' });
    await fresh.listen(port);
    expect((await deploy.ended).code).toBe(0);
    await substitute.closed;
    expect(await alone(rig, fresh)).toMatchObject({ generation: 2, ready: 1 });
  });
});

test('row 22: the slot is in the environment, and stays over crashes and deploys', async () => {
  await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: await freePort() } }) } });
  await rig.run('start');
  const slots = (...list: readonly Puppet[]) => list.map(({ hello }) => [hello.slot, hello.naughtSlot]).toSorted();
  const first = [await rig.puppets.next(), await rig.puppets.next()];
  expect(slots(...first)).toEqual([
    [0, 0],
    [1, 1],
  ]);
  const crashing = first.find(({ hello }) => hello.slot === 1);
  await crashing?.exit(1);
  expect(slots(await rig.puppets.next())).toEqual([[1, 1]]);
  await rig.run('deploy', 'web');
  expect(slots(await rig.puppets.next(), await rig.puppets.next())).toEqual([
    [0, 0],
    [1, 1],
  ]);
});

test("an app's own messages are left alone, in both directions", async () => {
  await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
  const worker = await started(rig);
  await worker.hear();
  for (const message of ['metrics', { event: 'order', id: 7 }, { cmd: 'reload' }]) await worker.send(message);
  await rig.run('send', 'web', '--parse', '{"event":"ready"}');
  await rig.run('send', 'web', 'offline');
  expect([await worker.heard(), await worker.heard()]).toEqual([{ event: 'ready' }, 'offline']);
  expect(await rig.app('web')).toMatchObject({ state: 'online', workers: [{ pid: worker.pid, restarts: 0 }] });
  // It listens to messages, so it is told by one, and would have all the time there is.
  await rig.run('stop', 'web', '--timeout', '500ms');
});

describe('evenkeel/worker', () => {
  test('ready, also from an app that has closed its channel', async () => {
    await using rig = await createRig({ apps: { web: puppet({ ready: { on: 'message' } }) } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    await worker.disconnect();
    await worker.module('ready');
    await worker.module('ready');
    expect((await start.ended).code).toBe(0);
  });

  test('requestReplacement: replaced first, with the reason in the events', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    const worker = await started(rig);
    const events = await rig.events();
    await worker.module('requestReplacement', 'the cache is corrupt');
    await worker.module('requestReplacement', 'still');
    expect(await events.waitFor('worker-recycle')).toMatchObject({ pid: worker.pid, reason: 'the cache is corrupt' });
    const next = await rig.puppets.next();
    await worker.closed;
    expect(await alone(rig, next)).toMatchObject({ ready: 1 });
  });

  test('onShutdown runs when the worker has drained, and then it ends', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    const worker = await started(rig);
    await worker.module('onShutdown');
    const events = await rig.events();
    await rig.run('deploy', 'web');
    expect(await worker.waitFor(() => true)).toEqual({ news: 'task', ask: 'onShutdown' });
    expect(await events.waitFor('worker-exited')).toMatchObject({ pid: worker.pid, code: 0, expected: true });
  });

  test('readyFor and onTakedown, where generations serve side by side', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    const worker = await started(rig);
    await worker.module('onTakedown', 'journal');
    await worker.module('readyFor', 'journal');
    expect(await worker.waitFor(() => true)).toEqual({ news: 'task', ask: 'readyFor' });
    await rig.run('deploy', 'web');
    expect(await worker.waitFor(() => true)).toEqual({ news: 'task', ask: 'onTakedown' });
  });

  test('row 27: the same app runs standalone', async () => {
    const app = spawn(NODE, [fixture('standalone.mjs')], {
      env: scrubbedEnv({}),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<unknown>((resolve) => app.once('exit', (code, signal) => resolve(signal ?? code)));
    try {
      const lines = createInterface({ input: app.stdout })[Symbol.asyncIterator]();
      const line: string = (await lines.next()).value;
      const [, port] = /^listening on (\d+)$/.exec(line) ?? [];
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('standing alone');
      app.kill('SIGTERM');
      expect(await ended).toBe('SIGTERM');
      expect((await lines.next()).done).toBe(true);
    } finally {
      app.kill('SIGKILL');
    }
  });

  test('row 27: and under evenkeel', async () => {
    await using rig = await createRig({ apps: { web: { script: fixture('standalone.mjs'), workers: 1 } } });
    await rig.run('start');
    const { stdout } = await rig.run('logs', 'web');
    expect(stdout).toMatch(/listening on \d+/);
  });
});
