// How the declared sockets of adopted apps come to the manager, and what becomes of what was left of those that could not
// be adopted.

import { writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import type { ListenAddress } from '../../src/core/spec.ts';
import { planRemains } from '../../src/manager/adopt-clusters.ts';
import { reload } from '../../src/manager/operations/reload.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { planSockets } from '../../src/manager/plan-sockets.ts';
import { fetchPause } from '../../src/manager/socket-keeper.ts';
import { Turns } from '../../src/manager/turns.ts';
import { appSpec } from '../support/app-spec.ts';
import { ManagerRig } from '../support/manager-rig.ts';
import { quickClock } from '../support/quick-clock.ts';

const port = (number: number): ListenAddress => ({ kind: 'tcp', host: null, port: number });
const web = appSpec({ listen: [port(3000)] });

/** With a manager that is gone, and cluster processes that run. */
async function left(...apps: (typeof web)[]) {
  const rig = new ManagerRig(apps);
  const manager = await rig.open();
  await start(manager.context, null);
  await manager.close('test');
  return rig;
}

describe('planSockets', () => {
  const [a, b, c] = [port(1), port(2), port(3)];
  it.each([
    ['neither has any', [], [], { fetch: [], bind: [a, b, c], pass: [a, b, c] }],
    ['both have all', ['1', '2', '3'], ['1', '2', '3'], { fetch: [], bind: [], pass: [] }],
    ['an adopted one has all', [], ['1', '2', '3'], { fetch: [a, b, c], bind: [], pass: [] }],
    ['one was declared newly', ['1'], ['1', '2'], { fetch: [b], bind: [c], pass: [c] }],
    ['one was bound for a deploy that failed', ['1', '2', '3'], ['1', '2'], { fetch: [], bind: [], pass: [c] }],
    ['others are held too', ['1', '2', '3', '4'], ['1', '2', '3', '5'], { fetch: [], bind: [], pass: [] }],
  ])('%s', (_name, here, there, plan) => {
    expect(planSockets([a, b, c], here, there)).toEqual(plan);
  });
});

describe('planRemains', () => {
  it.each([
    [{ wanted: true, process: 'dead', left: true }, 'revive'],
    [{ wanted: true, process: 'dead', left: false }, 'revive'],
    [{ wanted: true, process: 'alive', left: true }, 'revive'],
    [{ wanted: true, process: 'unknown', left: true }, 'revive'],
    [{ wanted: true, process: 'unknown', left: false }, 'none'],
    [{ wanted: true, process: 'unknown', left: false, restarting: true }, 'revive'],
    [{ wanted: false, process: 'alive', left: true }, 'none'],
    [{ wanted: false, process: 'dead', left: true }, 'clear'],
    [{ wanted: false, process: 'unknown', left: true }, 'clear'],
    [{ wanted: false, process: 'dead', left: false }, 'forget'],
    [{ wanted: false, process: 'unknown', left: false }, 'none'],
  ] as const)('%o: %s', (remains, fate) => {
    expect(planRemains({ restarting: false, ...remains })).toBe(fate);
  });
});

it('a fetch that failed is tried again after 1, 2, 4 ... 30 s', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map(fetchPause)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

describe('Turns', () => {
  it('runs so many at a time, in order, whether they fail or not', async () => {
    const turns = new Turns(2);
    const began: number[] = [];
    const gates = [0, 1, 2, 3].map(() => deferred<void>());
    const results = gates.map((gate, index) =>
      turns.run(async () => {
        began.push(index);
        await gate.promise;
        if (index === 0) throw new Error('failed');
        return index;
      }),
    );
    const settled = Promise.allSettled(results);
    await vi.waitFor(() => expect(began).toEqual([0, 1]));
    gates[0]?.resolve();
    await vi.waitFor(() => expect(began).toEqual([0, 1, 2]));
    for (const gate of gates) gate.resolve();
    expect((await settled).map((result) => result.status)).toEqual([
      'rejected',
      ...['fulfilled', 'fulfilled', 'fulfilled'],
    ]);
    expect(began).toEqual([0, 1, 2, 3]);
  });
});

describe('the next manager', () => {
  it('takes the sockets of the apps that it adopts, and gives them to a successor', async () => {
    const rig = await left(web);
    const { context } = await rig.open();
    expect(await rig.event('sockets-taken', 'web')).toMatchObject({ addresses: ['3000'] });
    rig.cluster('web').die();
    await rig.event('cluster-started', 'web', 2);
    await context.fleet.handle('web').revival;
    expect(rig.cluster('web').boot.sockets).toMatchObject([{ address: '3000' }]);
    expect(rig.fetches).toEqual(['3000']);
  });

  it('goes on taking them when the connection broke meanwhile', async () => {
    const rig = await left(web);
    rig.failingFetches = 1;
    const { context } = await rig.open();
    await vi.waitFor(() => expect(rig.fetches).toHaveLength(1));
    const handle = context.fleet.handle('web');
    rig.cluster('web').disconnect();
    await vi.waitFor(() => expect(handle.isUp).toBe(false));
    // As if its time to look again had come just now.
    context.fleet.keeper.watch(handle);
    await handle.revival;
    expect(await rig.event('sockets-taken', 'web')).toMatchObject({ addresses: ['3000'] });
    expect(rig.clusters).toHaveLength(1);
  });

  it('answers before it has them', async () => {
    const rig = await left(web);
    rig.fetchGate = deferred();
    const { context } = await rig.open();
    expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online' }]);
    rig.fetchGate.resolve();
    await rig.event('sockets-taken', 'web');
  });

  it('takes those of two apps at a time', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const rig = await left(...names.map((name, index) => appSpec({ name, listen: [port(index + 1)] })));
    const gate = deferred<void>();
    rig.fetchGate = gate;
    await rig.open();
    await vi.waitFor(() => expect(rig.fetches).toHaveLength(2));
    gate.resolve();
    for (const name of names) await rig.event('sockets-taken', name);
  });

  it('tries again where it does not get them, and says so once', async () => {
    const rig = await left(web);
    rig.clock = quickClock(50);
    rig.failingFetches = 3;
    await rig.open();
    await rig.event('sockets-taken', 'web');
    expect(rig.fetches).toHaveLength(4);
    expect(rig.complaints).toEqual(['web: Error: the sockets were not passed on']);
  });

  it('lets go of them when the app is stopped', async () => {
    const rig = await left(web);
    const { context } = await rig.open();
    await rig.event('sockets-taken', 'web');
    expect(rig.bound).toEqual(new Set(['3000']));
    await stop(context, ['web'], null);
    expect(rig.bound).toEqual(new Set());
    expect(context.fleet.sockets.of('web')).toEqual([]);
  });

  it('takes no more of them while the app is stopped', async () => {
    const rig = await left(web);
    rig.fetchGate = deferred();
    const { context } = await rig.open();
    await vi.waitFor(() => expect(rig.fetches).toEqual(['3000']));
    expect((await stop(context, ['web'], null)).ok).toBe(true);
    expect(context.fleet.sockets.of('web')).toEqual([]);
    expect(rig.types('web')).not.toContain('sockets-taken');
    expect(rig.complaints).toEqual([]);
  });

  it('does not keep one that a deploy has dropped meanwhile', async () => {
    const rig = await left(appSpec({ listen: [port(1), port(2)] }));
    const gate = deferred<void>();
    rig.fetchGate = gate;
    const { context } = await rig.open();
    await vi.waitFor(() => expect(rig.fetches).toEqual(['1 2']));
    rig.apps = [appSpec({ listen: [port(2)] })];
    await reload(context);
    gate.resolve();
    expect(await rig.event('sockets-taken', 'web')).toMatchObject({ addresses: ['2'] });
    expect(context.fleet.sockets.of('web').map(({ address }) => address)).toEqual(['2']);
  });

  it('passes a newly declared address to a cluster process that it did not start', async () => {
    const rig = await left(web);
    const { context } = await rig.open();
    rig.apps = [{ ...web, listen: [port(3000), port(1)] }];
    const { ok, notices } = await reload(context);
    expect({ ok, notices }).toEqual({ ok: true, notices: [] });
    expect([...rig.cluster('web').received]).toEqual(['3000', '1']);
    expect(rig.clusters).toHaveLength(1);
  });

  it('takes what a manager before it had passed on for a deploy that never came, once it is deployed', async () => {
    const rig = await left(web);
    rig.cluster('web').received.add('1');
    const { context } = await rig.open();
    await rig.event('sockets-taken', 'web');
    rig.apps = [{ ...web, listen: [port(3000), port(1)] }];
    expect((await reload(context)).ok).toBe(true);
    expect(await rig.event('sockets-taken', 'web', 2)).toMatchObject({ addresses: ['1'] });
  });

  it('binds sockets that nobody has any more when none of the workers that had them serves', async () => {
    const rig = await left(web);
    rig.clock = quickClock(20);
    rig.cluster('web').die();
    const { context } = await rig.open();
    // Bound by workers that cannot pass it on, so the successor has not got it from them either.
    await rig.event('cluster-started', 'web', 2);
    await context.fleet.handle('web').revival;
    const cluster = rig.cluster('web');
    expect([...cluster.received]).toEqual([]);
    expect(rig.complaints).toEqual([
      'web: workers that were left have 3000 and cannot pass it on; `evenkeel restart web` ends them',
    ]);
    rig.bound.delete('3000');
    cluster.tell({ type: 'app-state', state: 'backoff', previous: 'online' });
    await vi.waitFor(() => expect(cluster.asked).toEqual(['resume', 'restart']));
    expect([...cluster.received]).toEqual(['3000']);
  });
});

describe('what a killed cluster process may have left', () => {
  it('is ended where the app is not meant to run', async () => {
    const rig = await left(web);
    const { context, close } = await rig.open();
    context.fleet.state.update('web', { wanted: false });
    await close('test');
    rig.cluster('web').die();
    await rig.leaveAgentsSocket('web');
    await rig.open();
    await vi.waitFor(() => expect(rig.clusters.map(({ asked }) => asked.at(-1))).toEqual(['start start', 'stop']));
    await vi.waitFor(() => expect(rig.isRunning('web')).toBe(false));
  });

  it('is left alone where the app went by itself', async () => {
    const rig = await left(web);
    const { context, close } = await rig.open();
    context.fleet.state.update('web', { wanted: false });
    await close('test');
    rig.cluster('web').die();
    const next = await rig.open();
    expect(next.context.fleet.state.app('web').cluster).toBeNull();
    expect(rig.clusters).toHaveLength(1);
  });

  it('is taken over where the state was lost: it was meant to run', async () => {
    const rig = await left(web);
    rig.cluster('web').die();
    await rig.leaveAgentsSocket('web');
    writeFileSync(rig.layout.stateFile, 'lost');
    const { context } = await rig.open();
    await rig.event('cluster-started', 'web', 2);
    await context.fleet.handle('web').revival;
    expect(rig.cluster('web').asked).toEqual(['resume']);
    expect((await status(context, 'web')).apps).toMatchObject([{ state: 'online' }]);
  });

  it('is ended where nobody knows what ran, and the config has no such app', async () => {
    const rig = await left(web, appSpec({ name: 'api' }));
    const cluster = rig.cluster('web');
    cluster.memory.running = false;
    cluster.die();
    await rig.leaveAgentsSocket('web');
    rig.apps = [appSpec({ name: 'api' })];
    const { context } = await rig.open();
    await vi.waitFor(() => expect(rig.clusters.at(-1)?.asked).toEqual(['resume', 'stop']));
    await vi.waitFor(() => expect(rig.isRunning('web')).toBe(false));
    expect(context.fleet.state.app('web').wanted).toBe(false);
  });

  it('may have the sockets, so a start does not fail for them before the cluster process has asked', async () => {
    const rig = new ManagerRig([web]);
    const { context } = await rig.open();
    await start(context, null);
    await stop(context, ['web'], null);
    rig.taken.add('3000');
    expect((await start(context, null)).apps).toMatchObject([{ ok: false, error: { code: 'LISTEN_FAILED' } }]);
    expect(rig.clusters).toHaveLength(1);
    await rig.leaveAgentsSocket('web');
    expect((await start(context, null)).ok).toBe(true);
    expect(rig.cluster('web').boot.sockets).toEqual([]);
  });
});
