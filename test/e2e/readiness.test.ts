// When a worker counts as ready, for each way of telling, and what health checks do later.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import { puppet } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, fixture } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

describe('ready.on', () => {
  test('listening: the first listen', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet() } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    expect(await rig.app('web')).toMatchObject({ state: 'starting', ready: 0, workers: [{ state: 'booting' }] });
    await worker.listen(port);
    expect((await start.ended).code).toBe(0);
  });

  test('listening with declared sockets: the listen on all of them', async () => {
    const [one, two] = [await freePort(), await freePort()];
    await using rig = await createRig({ apps: { web: puppet({ listen: [one, two] }) } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    await worker.listen(one);
    expect(await rig.app('web')).toMatchObject({ state: 'starting', ready: 0 });
    await worker.listen(two);
    expect((await start.ended).code).toBe(0);
    for (const port of [one, two]) expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  test.each([['online'], ['ready'], [{ event: 'ready' }]])('message: %j', LONG, async (message) => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ ready: { on: 'message' } }) } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    for (const junk of [null, {}, 'offlin', { event: 'redy' }, [1], 7]) await worker.send(junk);
    await worker.listen(port);
    // What was sent before on the same channel has arrived by now: the status shows that none of it counted.
    await worker.print('marker\n');
    await rig.appWhere('web', 'has its worker', ({ workers }) => workers[0]?.pid === worker.pid);
    expect((await rig.app('web')).ready).toBe(0);
    await worker.send(message);
    expect((await start.ended).code).toBe(0);
  });

  test('http: the probe passes, and no request reaches the worker before', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: port }, listen: [port], ready: { on: 'http', url: '/healthz' } }) },
    });
    await rig.run('start');
    const old = await rig.puppets.next();
    const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=', '--env', 'VERSION=2']);
    const next = await rig.puppets.next();
    await next.health(503);
    const load = rig.load({ port, clients: 4, mode: 'close' });
    // The gate holds its listen: it answers probes only.
    void next.listen(port).catch(() => undefined);
    await load.more(200);
    expect(Object.keys(load.report().versions)).toEqual(['1']);
    expect((await rig.app('web')).deploy?.phase).toBe('booting');
    await next.health(200);
    await load.sees('2');
    expect((await deploy.ended).code).toBe(0);
    await old.closed;
    expect((await load.stop()).failed).toBe(0);
  });

  test('http with a status: only that one counts', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: port }, ready: { on: 'http', url: '/healthz', status: 204 } }) },
    });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    expect(start.isOver).toBe(false);
    await worker.health(204);
    expect((await start.ended).code).toBe(0);
  });

  test('tcp: for any program', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: {
        any: {
          command: ['node', fixture('http.mjs')],
          env: { PORT: port, VERSION: 'any' },
          ready: { on: 'tcp', port },
          workers: 1,
        },
      },
    });
    await rig.run('start');
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ version: 'any' });
  });

  test('log: a line that fits', async () => {
    await using rig = await createRig({ apps: { web: puppet({ ready: { on: 'log', pattern: '^up and running$' } }) } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    await worker.print('not yet up and running\nup and ');
    await rig.appWhere('web', 'has its worker', ({ workers }) => workers[0]?.pid === worker.pid);
    expect((await rig.app('web')).ready).toBe(0);
    await worker.print('running\n');
    expect((await start.ended).code).toBe(0);
  });

  test('delay: it stayed up so long', async () => {
    await using rig = await createRig({ apps: { web: puppet({ ready: { on: 'delay', delay: '200ms' } }) } });
    await rig.run('start');
    expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 1 });
  });

  test('a timeout is a failure, never a success', async () => {
    await using rig = await createRig({
      apps: { web: { script: fixture('never-ready.mjs'), workers: 1, ready: { on: 'listening', timeout: '3s' } } },
    });
    const { code, stderr } = await rig.cli('start');
    expect([1, 4]).toContain(code);
    expect(stderr).toContain('was not ready within 3 s: it does not listen on anything');
    expect(stderr).toMatch(/waiting for a database that never comes/);
    expect((await rig.app('web')).ready).toBe(0);
  });

  test('a timeout says what is missing: the address on which it does not listen', LONG, async () => {
    const [one, two] = [await freePort(), await freePort()];
    const ready = { on: 'listening', timeout: '3s' };
    await using rig = await createRig({ apps: { web: puppet({ listen: [one, two], ready }) } });
    const start = rig.spawnCli(['start']);
    await (await rig.puppets.next()).listen(one);
    const { code, stderr } = await start.ended;
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining(`worker 0 was not ready within 3 s: it does not listen on ${two}\n`),
    ]);
  });

  test('a timeout says what is missing: the last answer of a probe', LONG, async () => {
    const port = await freePort();
    const ready = { on: 'http', url: '/healthz', timeout: '3s' };
    await using rig = await createRig({ apps: { web: puppet({ listen: [port], ready }) } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    await worker.health(503);
    // It is held, and asked.
    void worker.listen(port).catch(() => undefined);
    expect((await start.ended).stderr).toContain('was not ready within 3 s: GET /healthz answered 503\n');
  });
});

describe('health', () => {
  test(
    'a worker that is sick as soon as it is ready has successors with growing delays, and serves until then',
    LONG,
    async () => {
      const port = await freePort();
      await using rig = await createRig({
        apps: {
          web: puppet({
            env: { PORT: port },
            health: { http: '/healthz', interval: '20ms', timeout: '2s', failures: 1 },
            restart: { minDelay: '1m', maxDelay: '1m', resetAfter: '1m' },
          }),
        },
      });
      await rig.run('start');
      const events = await rig.events();
      await (await rig.puppets.next()).health(500);
      const second = await rig.puppets.next();
      await events.waitFor('worker-ready', ({ pid }) => pid === second.pid);
      await second.health(500);
      const backoff = await events.waitFor('worker-backoff');
      expect(backoff).toMatchObject({ slot: 0, failures: 2 });
      const app = await rig.appWhere('web', 'has no other worker any more', ({ workers }) => workers.length === 1);
      expect(app).toMatchObject({
        ...{ state: 'backoff', ready: 0 },
        workers: [{ pid: second.pid, state: 'ready', restarts: 2 }],
      });
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    },
  );

  test('a worker that fails its checks is replaced first, then drains; no request is lost', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: {
        web: puppet({
          workers: 2,
          env: { PORT: port },
          health: { http: '/healthz', interval: '50ms', timeout: '2s', failures: 3 },
        }),
      },
    });
    await rig.run('start');
    const [sick, well] = [await rig.puppets.next(), await rig.puppets.next()];
    const events = await rig.events();
    const load = rig.load({ port, clients: 4 });
    await load.more(50);
    await sick.health(500);
    const next = await rig.puppets.next();
    expect(next.hello.slot).toBe(sick.hello.slot);
    await sick.closed;
    await load.more(50);
    expect((await load.stop()).failed).toBe(0);
    const order = events.all.flatMap((event) =>
      event.type === 'worker-ready' || event.type === 'worker-draining' ? [`${event.type} ${event.pid}`] : [],
    );
    expect(order).toEqual([`worker-ready ${next.pid}`, `worker-draining ${sick.pid}`]);
    expect(well.isRunning).toBe(true);
  });

  test('a shorter interval holds at once, without a new worker', async () => {
    const health = { http: '/healthz', interval: '1h', timeout: '2s', failures: 2 };
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() }, health }) } });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.health(500);
    rig.editApp('web', { health: { ...health, interval: '50ms' } });
    await rig.run('reload');
    const next = await rig.puppets.next();
    expect(next.hello).toMatchObject({ slot: 0, generation: 1 });
    await worker.closed;
  });

  test('a new worker that fails its check while it settles fails the deploy', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: {
        web: puppet({
          env: { PORT: port },
          deploy: { settle: '60s' },
          health: { http: '/healthz', interval: '50ms', timeout: '2s', failures: 1 },
        }),
      },
    });
    await rig.run('start');
    const old = await rig.puppets.next();
    const deploy = rig.spawnCli(['deploy', 'web']);
    const next = await rig.puppets.next();
    await rig.appWhere('web', 'settles', (app) => app.deploy?.phase === 'settling');
    await next.health(500);
    const { code, stderr } = await deploy.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/health/);
    expect(old.isRunning).toBe(true);
  });
});

test('an app that asks for a narrower address than the declared one fails at boot', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: puppet({ listen: [port] }) } });
  const start = rig.spawnCli(['start']);
  const worker = await rig.puppets.next();
  void worker.listen(port, '127.0.0.1').catch(() => undefined);
  const { code, stderr } = await start.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/127\.0\.0\.1/);
});
