// Where naught, dutch-master, serverswap and liveswap break: each of their defects, and its absence here.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import type { EvenkeelEvent } from '../../../src/core/events.ts';
import type { OperationResult } from '../../../src/protocol/control-api.ts';
import { askApi } from '../../support/api-client.ts';
import { puppet, server } from '../../support/apps.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { isAlive } from '../../support/process-table.ts';
import { createRig, fixture, type Rig } from '../../support/rig.ts';
import { seenBy } from '../../support/seen-by.ts';
import { tcpSocketsOf } from '../../support/tcp-sockets.ts';

describe('not as naught', () => {
  test('a deploy while a crashed worker boots does not end the service', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ workers: 2 }) } });
    const start = rig.spawnCli(['start']);
    const first = [await rig.puppets.next(), await rig.puppets.next()];
    for (const worker of first) await worker.listen(port);
    expect((await start.ended).code).toBe(0);
    await rig.kill9(first[1]?.pid ?? 0);
    const crashed = await rig.puppets.next();
    const load = rig.load({ port, clients: 4 });
    await load.more(20);
    const deploy = rig.spawnCli(['deploy', 'web']);
    const next = [await newOf(rig, 2), await newOf(rig, 2)];
    await load.more(20);
    for (const worker of next) await worker.listen(port);
    expect((await deploy.ended).code).toBe(0);
    await crashed.closed;
    await load.more(20);
    expect((await load.stop()).failed).toBe(0);
    expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 2, ready: 2 });
  });

  test('a new worker that dies after it was ready is no phantom: the deploy fails, and all that is counted runs', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: puppet({ workers: 2, env: { PORT: port }, deploy: { settle: '60s' } }) },
    });
    await rig.run('start');
    rig.editEnv('web', { VERSION: '2' });
    const reload = rig.spawnCli(['reload']);
    const next = await newOf(rig, 2);
    await rig.appWhere('web', 'settles', ({ deploy }) => deploy?.phase === 'settling');
    await rig.kill9(next.pid);
    expect((await reload.ended).code).toBe(1);
    const { workers, ready } = await rig.app('web');
    expect(ready).toBe(2);
    expect(workers).toMatchObject([
      { generation: 1, state: 'ready' },
      { generation: 1, state: 'ready' },
    ]);
    for (const { pid } of workers) expect(isAlive(pid ?? 0)).toBe(true);
  });

  test('status and a second deploy during a deploy take nothing from the client that waits for it', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const first = rig.spawnCli(['deploy', 'web', '--env', 'PORT=', '--env', 'VERSION=2', '--json']);
    const next = await newOf(rig, 2);
    const statuses = await Promise.all(Array.from({ length: 5 }, () => rig.cli('status')));
    expect(statuses.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    const second = await rig.cli('deploy', 'web');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/generation 2/);
    await next.listen(port);
    const { code, stdout } = await first.ended;
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as OperationResult).apps).toMatchObject([
      { deploy: { generation: 2, outcome: 'done' } },
    ]);
  });

  test('after a failed deploy a crashed worker comes back on the old code, environment and folder', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('environment', port, { workers: 1, cwd: 'old', env: { COLOUR: 'red' } }) },
      files: { 'old/readme.txt': '', 'new/readme.txt': '' },
    });
    await rig.run('start');
    const before = await seenBy(port);
    rig.editApp('web', { script: fixture('throws-at-boot.mjs'), cwd: 'new' });
    rig.editEnv('web', { COLOUR: 'blue' });
    expect((await rig.cli('reload')).code).toBe(1);
    await rig.kill9(before.pid);
    await rig.appWhere('web', 'is back', ({ ready, workers }) => ready === 1 && workers[0]?.pid !== before.pid);
    const after = await seenBy(port);
    expect(after.argv).toEqual(before.argv);
    expect(after.env.COLOUR).toBe('red');
    expect(after.cwd).toBe(rig.path('old'));
  });

  test('a worker that traps its signal blocks neither a stop nor a deploy', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port }, stop: { timeout: '500ms' } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    await old.trap('SIGTERM');
    const { apps } = await rig.json<OperationResult>('deploy', 'web');
    expect(apps).toMatchObject([{ deploy: { outcome: 'done', loss: { killed: 1 } } }]);
    await old.closed;
    const next = await newOf(rig, 2);
    await next.trap('SIGTERM');
    await rig.run('stop');
    await next.closed;
  });

  test('a worker that crashes at every boot is tried ever more seldom, and may be given up', async () => {
    await using rig = await createRig({
      apps: {
        bad: { script: fixture('throws-at-boot.mjs'), restart: { minDelay: '20ms', maxDelay: '10s', limit: 5 } },
      },
    });
    expect((await rig.cli('start')).code).toBe(1);
    await rig.appWhere('bad', 'is given up', ({ state }) => state === 'failed');
    const past = await eventsOf(rig);
    const delays = past.flatMap((event) => (event.type === 'worker-backoff' ? [event.delayMs] : []));
    expect(delays).toHaveLength(3);
    // At least 1.2 times the one before, with all their jitter.
    for (const [index, delay] of delays.slice(1).entries()) expect(delay).toBeGreaterThan(delays[index] ?? 0);
    expect(past.filter(({ type }) => type === 'worker-exited')).toHaveLength(5);
    expect(past).toContainEqual(expect.objectContaining({ type: 'worker-gave-up', failures: 5 }));
  });

  test('stop cuts off no worker that drains already', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    const answer = fetch(`http://127.0.0.1:${port}/held`);
    const request = await old.heldRequest();
    const events = await rig.events();
    await old.send('offline');
    await events.waitFor('worker-draining', ({ pid }) => pid === old.pid);
    const next = await rig.puppets.next();
    const stop = rig.spawnCli(['stop']);
    await next.closed;
    expect(old.isRunning).toBe(true);
    await old.end(request, 'finished');
    expect(await (await answer).text()).toBe('finished');
    expect((await stop.ended).code).toBe(0);
  });

  test("an app whose 'shutdown' handler is process.exit(0) loses no request", async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('exit-on-shutdown', port) } });
    await rig.run('start');
    const loads = [rig.load({ port, clients: 8 }), rig.load({ port, clients: 8, mode: 'close' })];
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(loads.map((load) => load.more(100)));
      await rig.run('deploy', 'web');
    }
    for (const load of loads) expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });
});

describe('not as dutch-master', () => {
  test('a replacement that dies while it starts blocks no later deploy', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('http', port, { deploy: { strategy: 'rolling', settle: '50ms' } }) },
    });
    await rig.run('start');
    rig.editApp('web', { script: fixture('throws-at-boot.mjs') });
    expect((await rig.cli('reload')).code).toBe(1);
    expect((await rig.cli('reload')).code).toBe(1);
    rig.editApp('web', { script: fixture('http.mjs') });
    rig.editEnv('web', { VERSION: '2' });
    await rig.run('reload');
    expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 4, ready: 2 });
  });

  test('SIGTERM ends it at once and cleanly, also after workers have died', async () => {
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
    const foreground = rig.spawnCli(['start', '--foreground']);
    const first = await rig.puppets.next();
    await eventually('the manager answers', () => rig.status().catch(() => null));
    await rig.appWhere('web', 'is online', ({ state }) => state === 'online');
    await rig.kill9(first.pid);
    await rig.puppets.next();
    await rig.appWhere('web', 'is back', ({ state, ready }) => state === 'online' && ready === 1);
    foreground.kill('SIGTERM');
    expect(await foreground.ended).toMatchObject({ code: 0 });
  });

  test('null and junk messages harm nobody', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: port } }) } });
    await rig.run('start');
    const talker = await rig.puppets.next();
    const before = await rig.app('web');
    const junk = [null, true, 0, '', 'trash', [], {}, { event: null }, { event: 'trash' }, { cmd: 'NODE_CLUSTER' }];
    for (const message of [...junk, { cmd: 'NODE_TRASH' }, { evenkeel: 'socket' }, 'x'.repeat(1_000_000)]) {
      await talker.send(message);
    }
    const after = await rig.app('web');
    expect(after.workers.map(({ pid }) => pid)).toEqual(before.workers.map(({ pid }) => pid));
    expect(after.clusterPid).toBe(before.clusterPid);
    await rig.run('deploy', 'web');
  });

  test('a number of workers that is computed is computed again at each reload', async () => {
    const env = `{ PUPPETS: 'puppets.sock', PORT: ${await freePort()}, VERSION: 1 }`;
    await using rig = await createRig({
      configFile: 'evenkeel.config.mjs',
      configText: `
        import { readFileSync } from 'node:fs';
        const workers = () => Number(readFileSync('wanted', 'utf8'));
        export default { apps: { web: { script: ${JSON.stringify(fixture('puppet.mjs'))}, workers, env: ${env} } } };
      `,
      files: { wanted: '1' },
    });
    await rig.run('start');
    rig.write('wanted', '3');
    await rig.run('reload');
    expect(await rig.app('web')).toMatchObject({ desired: 3, ready: 3, generation: 1 });
  });
});

describe('not as serverswap', () => {
  test('a port that is declared is never refused, while its only worker is replaced', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: {
        web: server('http', port, { workers: 1, listen: [port], deploy: { strategy: 'replace', settle: '50ms' } }),
      },
    });
    await rig.run('start');
    const load = rig.load({ port, clients: 8, mode: 'close' });
    await load.more(100);
    await rig.run('deploy', 'web');
    await load.more(100);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  });

  test.runIf(process.platform === 'linux')('nothing of it listens on the network', async () => {
    await using rig = await createRig({ apps: { idle: puppet({ ready: { on: 'delay', delay: '1ms' } }) } });
    await rig.run('start');
    const idle = await rig.puppets.next();
    const { manager } = await rig.status();
    const { clusterPid } = await rig.app('idle');
    for (const pid of [manager.pid, clusterPid ?? 0, idle.pid]) expect(tcpSocketsOf(pid)).toEqual([]);
  });
});

describe('not as liveswap', () => {
  test('the answer comes after the deed, and broken code leaves the old one serving', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port) }, files: { version: '1' } });
    rig.editEnv('web', { VERSION: undefined });
    await rig.run('start');
    rig.write('version', '2');
    await rig.run('deploy', 'web');
    const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(`http://127.0.0.1:${port}/`)));
    for (const answer of answers) expect(await answer.text()).toContain('2');
    rig.editApp('web', { script: fixture('throws-at-boot.mjs') });
    expect((await rig.cli('reload')).code).toBe(1);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  test('the number of workers stays what it was over many upgrades', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port, { deploy: { settle: '0ms' } }) } });
    await rig.run('start');
    for (let round = 0; round < 4; round += 1) await rig.run('deploy', 'web', '--script', fixture('http.mjs'));
    const { workers, generation } = await rig.app('web');
    expect(generation).toBe(5);
    expect(workers).toHaveLength(2);
  });

  test('a request that is not JSON harms nothing', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    const before = await rig.status();
    for (const body of ['{', 'null', '[]', '"deploy"', '{"env":1}', '\0\xff']) {
      const { status } = await askApi(rig.state.managerSocket, { method: 'POST', path: '/v1/apps/web/deploy', body });
      expect(status).toBe(400);
    }
    expect((await rig.status()).apps).toMatchObject(before.apps.map(({ name, generation }) => ({ name, generation })));
  });
});

function newOf(rig: Rig, generation: number) {
  return rig.puppets.next((hello) => hello.generation === generation);
}

async function eventsOf(rig: Rig): Promise<readonly EvenkeelEvent[]> {
  const { stdout } = await rig.run('events', '-n', '1000', '--json');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as EvenkeelEvent);
}
