// `deploy` that succeeds: the strategies step by step, options, hooks, the loss report.

import { describe, expect, test } from 'vitest';
import type { OperationResult } from '../../src/protocol/control-api.ts';
import { puppet, server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { isAlive } from '../support/process-table.ts';
import { startedRelease } from '../support/releases.ts';
import { createRig, fixture } from '../support/rig.ts';
import { seenBy } from '../support/seen-by.ts';
import { LONG, MORE } from '../support/tiers.ts';

describe('all-at-once', () => {
  test('retires no old worker before every new one is ready and has settled', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: port } }) } });
    await rig.run('start');
    const old = [await rig.puppets.next(), await rig.puppets.next()];
    const events = await rig.events();
    // Without PORT a puppet listens only when it is told to.
    rig.editEnv('web', { PORT: undefined, VERSION: '2' });
    const reload = rig.spawnCli(['reload']);
    const [first, second] = [await rig.puppets.next(), await rig.puppets.next()];
    await first.listen(port);
    await events.waitFor('worker-ready', ({ pid }) => pid === first.pid);
    expect(old.every(({ isRunning }) => isRunning)).toBe(true);
    expect(await rig.app('web')).toMatchObject({
      state: 'deploying',
      generation: 1,
      deploy: { phase: 'booting', generation: 2 },
    });
    await second.listen(port);
    await events.waitFor('deploy-phase', ({ phase }) => phase === 'settling');
    await events.waitFor('deploy-phase', ({ phase }) => phase === 'retiring');
    expect((await reload.ended).code).toBe(0);
    await Promise.all(old.map(({ closed }) => closed));
    expect(new Set([first.hello.slot, second.hello.slot])).toEqual(new Set([0, 1]));
    expect(await rig.app('web')).toMatchObject({ state: 'online', generation: 2, ready: 2, deploy: null });
  });

  test('serves new code, in the same slots', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server('http', port, { env: {} }) }, files: { version: '1' } });
    rig.editEnv('web', { VERSION: undefined });
    await rig.run('start');
    const before = await rig.app('web');
    const load = rig.load({ port, clients: 4 });
    await load.sees('1');
    rig.write('version', '2');
    await rig.run('deploy', 'web');
    load.lap();
    await load.more(50);
    const { versions } = load.lap();
    expect(versions).toEqual({ 2: expect.any(Number) });
    const after = await rig.app('web');
    expect(after.workers.map(({ slot }) => slot)).toEqual([0, 1]);
    expect(after.generation).toBe(2);
    for (const { pid } of before.workers) expect(isAlive(pid ?? 0)).toBe(false);
    expect((await load.stop()).failed).toBe(0);
  });
});

describe('rolling', () => {
  test('replaces batch by batch and never has more than one worker too many', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: puppet({ workers: 2, env: { PORT: port }, deploy: { strategy: 'rolling', settle: '50ms' } }) },
    });
    await rig.run('start');
    const old = [await rig.puppets.next(), await rig.puppets.next()].sort((a, b) => a.hello.slot - b.hello.slot);
    const events = await rig.events();
    rig.editEnv('web', { PORT: undefined, VERSION: '2' });
    const reload = rig.spawnCli(['reload']);
    const first = await rig.puppets.next();
    expect(first.hello.slot).toBe(0);
    await first.listen(port);
    await old[0]?.closed;
    const second = await rig.puppets.next();
    expect(second.hello.slot).toBe(1);
    expect(old[1]?.isRunning).toBe(true);
    await second.listen(port);
    expect((await reload.ended).code).toBe(0);
    const order = events.all.flatMap((event) =>
      event.type === 'worker-started' || event.type === 'worker-exited'
        ? [`${event.type} ${event.slot}/${event.generation}`]
        : [],
    );
    expect(order).toEqual(['worker-started 0/2', 'worker-exited 0/1', 'worker-started 1/2', 'worker-exited 1/1']);
    const retiring = events.all.filter((event) => event.type === 'deploy-phase' && event.phase === 'retiring');
    // Until the last batch there is a way back.
    expect(retiring).toMatchObject([{ committed: false }, { committed: true }]);
  });

  test('batch: 2 replaces two at a time', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('http', port, { workers: 4, deploy: { strategy: 'rolling', batch: 2, settle: '50ms' } }) },
    });
    await rig.run('start');
    const events = await rig.events();
    await rig.run('deploy', 'web');
    const slots = events.all.flatMap((event) => (event.type === 'worker-started' ? [event.slot] : []));
    expect(slots.slice(0, 2).sort()).toEqual([0, 1]);
    const firstExit = events.all.findIndex(({ type }) => type === 'worker-exited');
    expect(events.all.slice(0, firstExit).filter(({ type }) => type === 'worker-started')).toHaveLength(2);
    expect(await rig.app('web')).toMatchObject({ generation: 2, ready: 4 });
  });
});

describe('replace', () => {
  test('stops, then starts, and says that this is not without downtime', async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: port }, deploy: { strategy: 'replace', settle: '50ms' } }) },
    });
    await rig.run('start');
    const old = await rig.puppets.next();
    const deploy = rig.spawnCli(['deploy', 'web']);
    const next = await rig.puppets.next();
    expect(old.isRunning).toBe(false);
    const { code, stdout, stderr } = await deploy.ended;
    expect(code).toBe(0);
    expect(stdout + stderr).toMatch(/downtime/);
    expect(next.isRunning).toBe(true);
  });
});

describe('a deploy', () => {
  test('reports what the old generation finished while draining, and cut: 0', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    const answer = fetch(`http://127.0.0.1:${port}/held`);
    const request = await old.heldRequest();
    const events = await rig.events();
    const deploy = rig.spawnCli(['deploy', 'web', '--json']);
    await events.waitFor('worker-draining', ({ pid }) => pid === old.pid);
    await old.end(request, 'finished');
    expect(await (await answer).text()).toBe('finished');
    const { stdout } = await deploy.ended;
    const [result] = (JSON.parse(stdout) as OperationResult).apps;
    expect(result?.deploy).toMatchObject({ outcome: 'done', loss: { finished: 1, cut: 0, killed: 0 } });
  });

  test('cuts what is not finished at stop.timeout, counts it, and is still done', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port }, stop: { timeout: '300ms' } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    const answer = fetch(`http://127.0.0.1:${port}/held`).catch(() => 'cut');
    await old.heldRequest();
    const { apps } = await rig.json<OperationResult>('deploy', 'web');
    expect(await answer).toBe('cut');
    expect(apps[0]?.deploy).toMatchObject({ outcome: 'done', loss: { cut: 1, killed: 1 } });
  });

  test(
    'takes variables, workers, script and folder from its options, shown as drift until the next reload',
    MORE,
    async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: server('http', port) }, files: { 'elsewhere/readme.txt': '' } });
      await rig.run('start');
      const script = rig.path('node_modules/../environment.mjs');
      rig.write('environment.mjs', `import '${import.meta.dirname}/fixtures/environment.mjs';`);
      await rig.run(
        'deploy',
        'web',
        '--env',
        'COLOUR=blue',
        '--workers',
        '3',
        '--script',
        script,
        '--cwd',
        rig.path('elsewhere'),
      );
      expect(await rig.app('web')).toMatchObject({ desired: 3, ready: 3, drift: true });
      const seen = await seenBy(port);
      expect(seen.env.COLOUR).toBe('blue');
      expect(seen.cwd).toBe(rig.path('elsewhere'));
      await rig.run('reload');
      expect(await rig.app('web')).toMatchObject({ desired: 2, drift: false });
    },
  );

  test('--no-wait returns at once and goes on by itself', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const events = await rig.events();
    await rig.run('deploy', 'web', '--no-wait', '--env', 'PORT=0');
    const finished = await events.waitFor('deploy-finished');
    expect(finished).toMatchObject({ outcome: 'done', generation: 2 });
  });

  test('of several apps, or --all, runs side by side', async () => {
    const ports = [await freePort(), await freePort()] as const;
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: ports[0] } }), api: puppet({ env: { PORT: ports[1] } }) },
    });
    await rig.run('start');
    await rig.run('deploy', '--all');
    expect((await rig.status()).apps).toMatchObject([{ generation: 2 }, { generation: 2 }]);
    await rig.run('deploy', 'web', 'api');
    expect((await rig.status()).apps).toMatchObject([{ generation: 3 }, { generation: 3 }]);
  });

  test('resolves a symlinked folder anew, and pins it to the generation', LONG, async () => {
    const { rig, port } = await startedRelease();
    await using _ = rig;
    const crashed = (await rig.pids('web'))[0] ?? 0;
    await rig.kill9(crashed);
    await rig.appWhere('web', 'has another worker', ({ ready, workers }) => ready === 1 && workers[0]?.pid !== crashed);
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/1'));
    await rig.run('deploy', 'web');
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/2'));
  });

  test('replaces a worker that dies meanwhile from its own generation', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
    await rig.run('start');
    const old = await rig.puppets.next();
    rig.editEnv('web', { PORT: undefined, VERSION: '2' });
    const reload = rig.spawnCli(['reload']);
    const next = await rig.puppets.next();
    await rig.kill9(old.pid);
    const successor = await rig.puppets.next();
    expect(successor.hello).toMatchObject({ generation: 1, version: '1' });
    await next.listen(port);
    expect((await reload.ended).code).toBe(0);
    await successor.closed;
    expect((await rig.app('web')).generation).toBe(2);
  });
});

test('a worker that is sick while a deploy boots is replaced from its own generation', LONG, async () => {
  const port = await freePort();
  const health = { http: '/healthz', interval: '50ms', failures: 2 };
  await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port }, health }) } });
  await rig.run('start');
  const old = await rig.puppets.next();
  rig.editEnv('web', { PORT: undefined, VERSION: '2' });
  const reload = rig.spawnCli(['reload']);
  const fresh = await rig.puppets.next();
  await old.health(503);
  const successor = await rig.puppets.next();
  expect(successor.hello).toMatchObject({ generation: 1, version: '1' });
  await old.closed;
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ pid: successor.pid });
  await fresh.listen(port);
  expect((await reload.ended).code).toBe(0);
});

describe('hooks', () => {
  test("run before and after, in the app's folder and environment; what they print is shown", async () => {
    const before = `console.log('migrating in', process.cwd(), process.env.DB);`;
    await using rig = await createRig({
      apps: {
        web: server('http', await freePort(), {
          env: { DB: 'orders' },
          cwd: 'app',
          deploy: { settle: '50ms', before: [['node', 'before.mjs']], after: [['node', 'after.mjs']] },
        }),
      },
      files: {
        'app/before.mjs': before,
        'app/after.mjs': `import { writeFileSync } from 'node:fs'; writeFileSync('after.txt', 'done');`,
      },
    });
    await rig.run('start');
    const { stdout, stderr } = await rig.run('deploy', 'web');
    expect(stdout + stderr).toContain(`migrating in ${rig.path('app')} orders`);
    expect(rig.read('app/after.txt')).toBe('done');
  });

  test('a module hook may name another script', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({
      apps: { web: server('http', port, { deploy: { settle: '50ms', before: [{ module: './hook.mjs' }] } }) },
      files: { 'hook.mjs': `export default () => ({ script: '${fixture('environment.mjs')}' });` },
    });
    await rig.run('start');
    await rig.run('deploy', 'web');
    expect((await seenBy(port)).argv[1]).toBe(fixture('environment.mjs'));
  });
});
