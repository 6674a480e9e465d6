// Rows 9 to 11 of the predecessors' capabilities: the ways in which a deploy replaces workers, and in which it ends.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import type { OperationResult } from '../../../src/protocol/control-api.ts';
import { puppet, server } from '../../support/apps.ts';
import type { CliProcess } from '../../support/cli-process.ts';
import { freePort } from '../../support/free-port.ts';
import type { Puppet } from '../../support/puppet.ts';
import { createRig, type Rig } from '../../support/rig.ts';
import { LONG, tiers } from '../../support/tiers.ts';

interface UnderWay {
  readonly rig: Rig;
  readonly port: number;
  readonly deploy: CliProcess;
  readonly old: readonly Puppet[];
  readonly next: readonly Puppet[];
}

/** A deploy of two workers that listen when they are told to. The rig ends with the test. */
async function underWay(settings: object, ...options: readonly string[]): Promise<UnderWay> {
  const port = await freePort();
  const rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: port }, deploy: settings }) } });
  await rig.run('start');
  const old = [await rig.puppets.next(), await rig.puppets.next()];
  const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=', '--env', 'VERSION=2', ...options]);
  const next = [await rig.puppets.next(), await rig.puppets.next()];
  return { rig, port, deploy, old, next };
}

async function listen({ next, port }: UnderWay): Promise<void> {
  for (const worker of next) await worker.listen(port);
}

const phase = (rig: Rig, name: string) => rig.appWhere('web', name, ({ deploy }) => deploy?.phase === name);

/** The old generation serves as if nothing had been, and nothing of the new one is left. */
async function expectUntouched({ rig, old, next }: UnderWay, outcome: string): Promise<void> {
  await Promise.all(next.map(({ closed }) => closed));
  const app = await rig.app('web');
  expect(app).toMatchObject({ state: 'online', generation: 1, ready: 2, drift: false, lastDeploy: { outcome } });
  expect(app.workers.map(({ pid }) => pid).sort()).toEqual(old.map(({ pid }) => pid).sort());
}

describe('row 9: all at once', () => {
  test('row 9: is atomic: no old worker goes before all new ones are ready, and none stays after', async () => {
    const scene = await underWay({ settle: '50ms' });
    const { rig, port, deploy, old, next } = scene;
    const load = rig.load({ port, clients: 6 });
    await load.more(30);
    await next[0]?.listen(port);
    await rig.appWhere('web', 'has one ready', (app) => app.deploy?.ready === 1);
    expect(old.every(({ isRunning }) => isRunning)).toBe(true);
    await next[1]?.listen(port);
    expect((await deploy.ended).code).toBe(0);
    await Promise.all(old.map(({ closed }) => closed));
    await load.sees('2');
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect(await rig.app('web')).toMatchObject({
      generation: 2,
      ready: 2,
      workers: [{ generation: 2 }, { generation: 2 }],
    });
  });

  test.each([
    ['booting', {}, async () => {}],
    ['settling', { settle: '60s' }, listen],
  ] as const)(
    'row 9: an abort while it is %s ends the new workers and keeps the old',
    async (name, settings, reach) => {
      const scene = await underWay(settings);
      await reach(scene);
      await phase(scene.rig, name);
      await scene.rig.run('abort', 'web');
      expect((await scene.deploy.ended).code).toBe(1);
      await expectUntouched(scene, 'aborted');
    },
  );

  for (const [rows, tier] of tiers([
    ['booting', {}, async () => {}],
    ['settling', { settle: '60s', timeout: '61s' }, listen],
  ]))
    test.each(rows)(
      'row 9: a timeout while it is %s ends the new workers and keeps the old: exit 4',
      tier,
      async (name, settings, reach) => {
        const scene = await underWay(settings, '--timeout', '4s');
        await reach(scene);
        await phase(scene.rig, name);
        const { code, stderr } = await scene.deploy.ended;
        expect([code, stderr]).toEqual([
          4,
          expect.stringMatching(/took longer than \S+ m?s \(deploy\.timeout, or --timeout\): /),
        ]);
        await expectUntouched(scene, 'timed-out');
      },
    );

  for (const [rows, tier] of tiers([
    ['abort', [], 'aborted', 1],
    ['timeout', ['--timeout', '1s'], 'timed-out', 4],
  ]))
    test.each(rows)('row 9: hooks that end by %s start no new worker', tier, async (what, options, outcome, exit) => {
      const hang = ['node', '-e', 'console.log("at it"); setInterval(() => {}, 60000)'];
      await using rig = await createRig({ apps: { web: puppet({ env: { PORT: await freePort() } }) } });
      await rig.run('start');
      const old = await rig.puppets.next();
      rig.editApp('web', { deploy: { settle: '50ms', before: [hang] } });
      await rig.run('reload');
      const deploy = rig.spawnCli(['deploy', 'web', ...options]);
      await phase(rig, 'preparing');
      if (what === 'abort') await rig.run('abort', 'web');
      const { code, stderr } = await deploy.ended;
      expect([code, stderr]).toEqual([exit, expect.stringMatching(/hook deploy\.before\[\d\] was still running/)]);
      expect(old.isRunning).toBe(true);
      expect(await rig.app('web')).toMatchObject({ generation: 1, ready: 1, lastDeploy: { outcome } });
    });

  for (const [rows, tier] of tiers(['abort', 'stop.timeout']))
    test.each(rows)(
      'row 9: while the old ones retire there is no way back: %s finishes it by force, and says what that cut',
      tier,
      async (what) => {
        const port = await freePort();
        const stop = { timeout: what === 'abort' ? '60s' : '2s' };
        await using rig = await createRig({
          apps: { web: puppet({ env: { PORT: port }, stop, deploy: { settle: '50ms' } }) },
        });
        await rig.run('start');
        const old = await rig.puppets.next();
        const answer = fetch(`http://127.0.0.1:${port}/held`).catch(() => 'cut');
        await old.heldRequest();
        const deploy = rig.spawnCli(['deploy', 'web', '--json', '--timeout', '10s']);
        await phase(rig, 'retiring');
        if (what === 'abort') await rig.run('abort', 'web');
        const { code, stdout } = await deploy.ended;
        const [result] = (JSON.parse(stdout) as OperationResult).apps;
        expect([code, result?.deploy]).toEqual([
          0,
          expect.objectContaining({ outcome: 'done', loss: { finished: 0, cut: 1, killed: 1 } }),
        ]);
        expect(await answer).toBe('cut');
      },
    );

  test('row 9: Ctrl-C aborts, waits until that is done, and exits with 130', async () => {
    const scene = await underWay({});
    scene.deploy.kill('SIGINT');
    expect(await scene.deploy.ended).toMatchObject({ code: 130 });
    await expectUntouched(scene, 'aborted');
  });
});

describe('row 10: rolling', () => {
  test.each([
    [1, 4],
    [2, 4],
    [3, 4],
  ])(
    'row 10: replaces %i at a time of %i, never has more than that on top, and loses no request',
    LONG,
    async (batch, workers) => {
      const port = await freePort();
      const deploy = { strategy: 'rolling', batch, settle: '50ms' };
      await using rig = await createRig({ apps: { web: server('http', port, { workers, deploy }) } });
      await rig.run('start');
      const events = await rig.events();
      const load = rig.load({ port, clients: 6 });
      await load.more(30);
      await rig.run('deploy', 'web', '--env', 'VERSION=2');
      await load.sees('2');
      expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
      let [alive, most] = [workers, workers];
      for (const { type } of events.all) {
        if (type === 'worker-started') alive += 1;
        if (type === 'worker-exited') alive -= 1;
        most = Math.max(most, alive);
      }
      expect([alive, most]).toEqual([workers, workers + batch]);
      expect(await rig.app('web')).toMatchObject({ generation: 2, ready: workers });
    },
  );

  test('row 10: one that fails in its second batch takes the first one back', async () => {
    const port = await freePort();
    const settings = { strategy: 'rolling', batch: 1, settle: '50ms' };
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: port }, deploy: settings }) } });
    await rig.run('start');
    const old = [await rig.puppets.next(), await rig.puppets.next()];
    const load = rig.load({ port, clients: 4 });
    const deploy = rig.spawnCli(['deploy', 'web', '--env', 'PORT=', '--env', 'VERSION=2']);
    const first = await rig.puppets.next();
    await first.listen(port);
    const second = await rig.puppets.next();
    await second.exit(1);
    const { code } = await deploy.ended;
    expect(code).toBe(1);
    await first.closed;
    expect(old.filter(({ isRunning }) => isRunning)).toHaveLength(1);
    expect((await rig.puppets.next()).hello).toMatchObject({ generation: 1, version: '1' });
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect(await rig.app('web')).toMatchObject({ generation: 1, ready: 2, lastDeploy: { outcome: 'failed' } });
  });
});

describe('row 11: with a gap', () => {
  test.each([
    ['evenkeel restart', 'restart', {}],
    ['the strategy replace', 'deploy', { strategy: 'replace', settle: '50ms' }],
  ])('row 11: %s ends the old workers before it starts the new, and says so', async (_, command, settings) => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: port }, deploy: settings }) } });
    await rig.run('start');
    const old = [await rig.puppets.next(), await rig.puppets.next()];
    const child = rig.spawnCli([command, 'web']);
    const next = await rig.puppets.next();
    expect(old.map(({ isRunning }) => isRunning)).toEqual([false, false]);
    await rig.puppets.next();
    const { code, stdout } = await child.ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/not zero-downtime|stops the app first/)]);
    expect(next.hello.generation).toBe(2);
    expect(await rig.app('web')).toMatchObject({ generation: 2, ready: 2 });
  });
});
