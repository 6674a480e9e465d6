// Workers that end unasked, and workers that are replaced on purpose: memory, schedule, their own request (P7).

import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { Puppet } from '../support/puppet.ts';
import { RELEASES, release } from '../support/releases.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { seenBy } from '../support/seen-by.ts';
import { LONG, MORE } from '../support/tiers.ts';

describe('a worker that ends unasked', () => {
  test('comes back in its slot, and the others are not touched', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const [first = null, second = null] = await rig.pids('web');
    await rig.kill9(first ?? 0);
    const { workers } = await rig.appWhere(
      'web',
      'has both again',
      ({ ready, workers: [worker] }) => ready === 2 && worker?.pid !== first,
    );
    expect(workers).toMatchObject([
      { slot: 0, restarts: 1 },
      { slot: 1, pid: second, restarts: 0 },
    ]);
  });

  test('killed under load costs at most what was in flight on its connections', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
    await rig.run('start');
    const clients = 8;
    const load = rig.load({ port, clients });
    await load.more(200);
    await rig.kill9((await rig.pids('web'))[0] ?? 0);
    await load.more(500);
    const { failed, errors } = await load.stop();
    expect(failed).toBeLessThanOrEqual(clients);
    expect(Object.keys(errors)).not.toContain('ECONNREFUSED');
  });

  test('the only one of an app with a declared port: connections wait for its successor', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ listen: [port], env: { PORT: port } }) } });
    await rig.run('start');
    const only = await rig.puppets.next();
    await rig.kill9(only.pid);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ version: '1' });
  });

  test('comes back again and again with growing delays', async () => {
    await using rig = await createRig({
      apps: {
        bad: { script: fixture('throws-at-boot.mjs'), workers: 1, restart: { minDelay: '40ms', maxDelay: '10s' } },
      },
    });
    const start = rig.spawnCli(['start']);
    expect((await start.ended).code).toBe(1);
    const events = await rig.events();
    const delays: number[] = [];
    for (let count = 0; count < 3; count += 1) delays.push((await events.waitFor('worker-backoff')).delayMs);
    for (const [index, delay] of delays.slice(1).entries()) expect(delay).toBeGreaterThan(delays[index] ?? 0);
    expect((await rig.app('bad')).state).toBe('backoff');
  });

  test('is given up after restart.limit quick failures in a row: failed', async () => {
    await using rig = await createRig({
      apps: { bad: { script: fixture('throws-at-boot.mjs'), workers: 1, restart: { minDelay: '10ms', limit: 3 } } },
    });
    expect((await rig.cli('start')).code).toBe(1);
    await rig.appWhere('bad', 'has failed', ({ state }) => state === 'failed');
  });

  test('is told apart from one that was asked to: the event says so', LONG, async () => {
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: await freePort() } }) } });
    await rig.run('start');
    const workers = [await rig.puppets.next(), await rig.puppets.next()];
    const crashing = workers.find(({ hello }) => hello.slot === 0);
    const retired = workers.find(({ hello }) => hello.slot === 1);
    const events = await rig.events();
    await crashing?.exit(0);
    expect(await events.waitFor('worker-exited', ({ pid }) => pid === crashing?.pid)).toMatchObject({
      expected: false,
      code: 0,
    });
    await rig.run('scale', 'web=1');
    expect(await events.waitFor('worker-exited', ({ pid }) => pid === retired?.pid)).toMatchObject({ expected: true });
  });
});

describe('a worker that drains', () => {
  test.each([
    ['may end with any code: that is no crash', (_rig: Rig, old: Puppet) => old.exit(3), { code: 3, expected: true }],
    [
      'and is killed by somebody else has crashed, and nothing is started in its place',
      (rig: Rig, old: Puppet) => rig.kill9(old.pid),
      {
        signal: 'SIGKILL',
        expected: false,
        reason: 'was ended by SIGKILL while it drained (replaced by generation 2)',
      },
    ],
  ])('%s', async (_what, end, told) => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    const answer = fetch(`http://127.0.0.1:${port}/held`).catch(() => 'cut');
    await old.heldRequest();
    const events = await rig.events();
    const deploy = rig.spawnCli(['deploy', 'web', '--json']);
    await events.waitFor('worker-draining', ({ pid }) => pid === old.pid);
    await end(rig, old);
    expect(await answer).toBe('cut');
    expect(await events.waitFor('worker-exited')).toMatchObject({ pid: old.pid, ...told });
    const { stdout } = await deploy.ended;
    const [result] = (JSON.parse(stdout) as OperationResult).apps;
    expect(result?.deploy).toMatchObject({ outcome: 'done', loss: { finished: 0, killed: 0 } });
    expect((await rig.app('web')).workers).toMatchObject([{ generation: 2, restarts: 0 }]);
  });
});

describe('a worker is replaced first, then drains, without a lost request,', () => {
  test('when it has grown over restart.memory', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: puppet({ workers: 2, env: { PORT: port }, restart: { memory: '250M' } }) },
    });
    await rig.run('start');
    const [fat, slim] = [await rig.puppets.next(), await rig.puppets.next()];
    const events = await rig.events();
    const load = rig.load({ port, clients: 4 });
    await load.more(50);
    await fat.allocate(300 * 1024 * 1024);
    const next = await rig.puppets.next();
    expect(await events.waitFor('worker-recycle')).toMatchObject({
      pid: fat.pid,
      reason: expect.stringMatching(/250 MB/),
    });
    await events.waitFor('worker-ready', ({ pid }) => pid === next.pid);
    expect(await events.waitFor('worker-draining')).toMatchObject({
      pid: fat.pid,
      reason: expect.stringMatching(/250 MB/),
    });
    await fat.closed;
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect(slim.isRunning).toBe(true);
  });

  test('one at a time, when restart.schedule says so', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port) } });
    await rig.run('start');
    const pids = await rig.pids('web');
    const events = await rig.events();
    const load = rig.load({ port, clients: 4 });
    rig.editApp('web', { restart: { schedule: '* * * * * *' } });
    await rig.run('reload');
    const slots = [
      await events.waitFor('worker-exited', isExpected),
      await events.waitFor('worker-exited', isExpected),
    ];
    expect(new Set(slots.map(({ pid }) => pid))).toEqual(new Set(pids));
    const told = events.all.find(({ type }) => type === 'worker-recycle');
    expect(told).toMatchObject({ reason: 'restart.schedule "* * * * * *"' });
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    const order = events.all.flatMap(({ type }) => (type === 'worker-ready' || type === 'worker-exited' ? [type] : []));
    expect(order.slice(0, 4)).toEqual(['worker-ready', 'worker-exited', 'worker-ready', 'worker-exited']);
  });

  test.each([['offline'], ['Offline'], [{ event: 'request-restart' }]])(
    'when it asks for it: %j',
    LONG,
    async (message) => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
      await rig.run('start');
      const asking = await rig.puppets.next();
      const events = await rig.events();
      const load = rig.load({ port, clients: 4 });
      await load.more(20);
      await asking.send(message);
      await asking.send(message);
      const next = await rig.puppets.next();
      await asking.closed;
      await load.more(50);
      expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
      expect(next.hello).toMatchObject({ slot: asking.hello.slot, generation: 1 });
      const told = events.all.filter(({ type }) => type === 'worker-recycle');
      expect(told).toMatchObject([{ pid: asking.pid, reason: 'it asked for its replacement' }]);
      expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 1, workers: [{ pid: next.pid }] });
    },
  );
});

test('restart stops, then starts, and says so', async () => {
  await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
  await rig.run('start');
  const old = await rig.puppets.next();
  const { stdout, stderr } = await rig.run('restart', 'web');
  expect(stdout + stderr).toMatch(/stops the app first/);
  expect(old.isRunning).toBe(false);
  expect(await rig.app('web')).toMatchObject({ state: 'online', ready: 1 });
});

test(
  'restart comes back with the release that ran; a stop and a start go where the link leads by now',
  MORE,
  async () => {
    const port = await freePort();
    const web = server('environment', port, { cwd: 'current', workers: 1 });
    await using rig = await createRig({ apps: { web }, files: RELEASES });
    release(rig, 1);
    await rig.run('start');
    release(rig, 2);
    await rig.run('restart', 'web');
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/1'));
    await rig.run('stop', 'web');
    await rig.run('start', 'web');
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/2'));
  },
);

describe('a restart that does not succeed says so, and leaves what ran', () => {
  test('where the script is gone', async () => {
    const files = { 'app.mjs': `import { createServer } from 'node:http'; createServer().listen(process.env.PORT);` };
    await using rig = await createRig({
      apps: { web: server('http', await freePort(), { script: 'app.mjs' }) },
      files,
    });
    await rig.run('start');
    const pids = await rig.pids('web');
    rmSync(rig.path('app.mjs'));
    const { code, stdout, stderr } = await rig.cli('restart', 'web');
    expect(code).toBe(1);
    expect(stderr).toMatch(/web: restart failed: generation 2 failed: .*app\.mjs does not exist/);
    expect(stdout).not.toMatch(/restarted/);
    expect(await rig.pids('web')).toEqual(pids);
  });

  test.each([
    ['timed out', '4s', () => Promise.resolve(), 4],
    ['was aborted', '4m', (rig: Rig) => rig.run('abort', 'web'), 1],
  ] as const)('where it %s', LONG, async (_how, timeout, end, exit) => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ deploy: { settle: 0 } }) } });
    const start = rig.spawnCli(['start']);
    await (await rig.puppets.next()).listen(port);
    expect((await start.ended).code).toBe(0);
    // Not before: it holds for the first start, too.
    rig.editApp('web', { deploy: { settle: 0, timeout } });
    await rig.run('reload');
    const restart = rig.spawnCli(['restart', 'web']);
    // The new one does not listen; the old generation comes back.
    await rig.puppets.next(({ generation }) => generation === 2);
    const ended = end(rig);
    await (await rig.puppets.next(({ generation }) => generation === 1)).listen(port);
    await ended;
    expect((await restart.ended).code).toBe(exit);
    expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 1 });
  });

  test('where the new worker dies: why is told at once, while the old generation is tried', async () => {
    const text = (rest: string): string =>
      `console.log('${rest}'); process.send('ready'); setInterval(() => {}, 1000);`;
    await using rig = await createRig({
      apps: {
        job: { script: 'job.mjs', workers: 1, ready: { on: 'message' }, restart: { minDelay: '20m', maxDelay: '1h' } },
      },
      files: { 'job.mjs': text('fine') },
    });
    await rig.run('start');
    rig.write('job.mjs', `console.error('no key "database"'); process.exit(3);`);
    const restart = rig.spawnCli(['restart', 'job']);
    await eventually('the failure is told', () => restart.stderr.includes('    no key "database"\n'));
    expect(restart.stderr).toMatch(
      /^job: worker 0 exited with code 3, and wrote last:\n( {4}.*\n)* {4}no key "database"\n/m,
    );
    expect(restart.isOver).toBe(false);
    await rig.run('stop', 'job');
    expect((await restart.ended).code).toBe(1);
  });

  test('where the app is stopped meanwhile', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet() } });
    const start = rig.spawnCli(['start']);
    await (await rig.puppets.next()).listen(port);
    expect((await start.ended).code).toBe(0);
    const restart = rig.spawnCli(['restart', 'web']);
    await rig.puppets.next(({ generation }) => generation === 2);
    await rig.run('stop', 'web');
    expect((await restart.ended).code).toBe(1);
    expect((await rig.app('web')).state).toBe('stopped');
  });
});

function isExpected({ expected }: { readonly expected: boolean }): boolean {
  return expected;
}
