import { describe, expect, it } from 'vitest';
import { type Deferred, deferred } from '../../src/core/deferred.ts';
import { Superseded, type Task } from '../../src/manager/app-lane.ts';
import { BootTurns } from '../../src/manager/boot-turns.ts';
import { start } from '../../src/manager/operations/start.ts';
import { status } from '../../src/manager/operations/status.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { availableCpus } from '../../src/platform/cpus.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ManagerRig } from '../support/manager-rig.ts';

const MOST = 8;

function task(ending = new AbortController()): Task {
  const { signal } = ending;
  return {
    signal,
    goOn() {
      if (signal.aborted) throw new Superseded('web');
    },
  };
}

/** Every step of a turn is a promise that is settled already. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** So many take all turns of one CPU, and have begun in this order. */
function fill(turns: BootTurns, begun: string[], count = MOST): readonly { end: () => void; ended: Promise<void> }[] {
  return Array.from({ length: count }, (_, index) => {
    const gate = deferred<void>();
    const ended = turns.take(`app${index}`, task(), async () => {
      begun.push(`app${index}`);
      await gate.promise;
    });
    return { end: () => gate.resolve(), ended };
  });
}

describe('BootTurns', () => {
  it('lets eight for each CPU go on, and the next when one of them is done, whatever came of it', async () => {
    const turns = new BootTurns(1, new FakeClock());
    const begun: string[] = [];
    const [first, second] = fill(turns, begun);
    const failing = turns.take('ninth', task(), async () => {
      begun.push('ninth');
      throw new Error('no');
    });
    const last = turns.take('tenth', task(), async () => void begun.push('tenth'));
    await settled();
    expect(begun).toHaveLength(MOST);
    first?.end();
    await expect(failing).rejects.toThrow('no');
    await last;
    expect(begun.slice(MOST)).toEqual(['ninth', 'tenth']);
    second?.end();
    await second?.ended;
    await turns.take('later', task(), async () => void begun.push('later'));
    expect(begun.at(-1)).toBe('later');
  });

  it('gives the turn of one that takes long to the next: it may wait for that very one', async () => {
    const clock = new FakeClock();
    const turns = new BootTurns(1, clock);
    const begun: string[] = [];
    const slow = fill(turns, begun);
    const next = turns.take('next', task(), async () => void begun.push('next'));
    await settled();
    clock.advance(4_999);
    await settled();
    expect(begun).toHaveLength(MOST);
    clock.advance(1);
    await next;
    expect(begun.at(-1)).toBe('next');
    for (const { end } of slow) end();
    await Promise.all(slow.map(({ ended }) => ended));
    const later = fill(turns, begun, MOST + 1);
    await settled();
    // No turn was given back twice.
    expect(begun).toHaveLength(2 * MOST + 1);
    for (const { end } of later) end();
    await Promise.all(later.map(({ ended }) => ended));
    expect(clock.armed).toBe(0);
  });

  it('lets one that is stopped go without a turn, and nobody loses theirs by it', async () => {
    const turns = new BootTurns(1, new FakeClock());
    const begun: string[] = [];
    const [first] = fill(turns, begun);
    const ending = new AbortController();
    const stopped = turns.take('stopped', task(ending), async () => void begun.push('stopped'));
    const next = turns.take('next', task(), async () => void begun.push('next'));
    ending.abort();
    await expect(stopped).rejects.toBeInstanceOf(Superseded);
    await expect(turns.take('stopped', task(ending), async () => void begun.push('stopped'))).rejects.toBeInstanceOf(
      Superseded,
    );
    first?.end();
    await next;
    expect(begun.slice(MOST)).toEqual(['next']);
  });
});

describe('a start of more apps than boot at a time', () => {
  const most = MOST * availableCpus();
  const apps = Array.from({ length: most + 2 }, (_, index) => appSpec({ name: `app${index}` }));

  function rigOf(gate: Deferred<void>): ManagerRig {
    const rig = new ManagerRig(apps);
    rig.bootGate = gate;
    // Turns last for as long as the test takes.
    rig.clock = {
      ...systemClock,
      setTimer: (at, fire) => systemClock.setTimer(at + (at - systemClock.now() > 4_000 ? 600_000 : 0), fire),
    };
    return rig;
  }

  it('has some wait for their turn; a stop of one that waits is at once', async () => {
    const gate = deferred<void>();
    const rig = rigOf(gate);
    const { context } = await rig.open();
    const starting = start(context, null);
    await eventually('those that may have begun', () => rig.clusters.length === most);
    const waiting = `app${most}`;
    const { apps: shown } = await status(context, null);
    expect(shown.filter(({ state }) => state !== 'starting')).toEqual([]);
    expect(shown.filter(({ problem }) => problem === 'waits until fewer apps boot')).toHaveLength(2);
    expect((await stop(context, [waiting], null)).ok).toBe(true);
    gate.resolve();
    const { apps: results } = await starting;
    expect(results.filter(({ ok }) => !ok).map(({ app }) => app)).toEqual([waiting]);
    expect(rig.clusters.map(({ boot }) => boot.app)).not.toContain(waiting);
    expect(rig.clusters).toHaveLength(apps.length - 1);
  });

  it('and what a power cut has ended comes back in the same way', async () => {
    const gate = deferred<void>();
    const rig = rigOf(gate);
    gate.resolve();
    const first = await rig.open();
    await start(first.context, null);
    await first.close('test');
    for (const cluster of rig.clusters) cluster.die();
    rig.bootGate = deferred();
    const { context } = await rig.open();
    await eventually('those that may have begun', () => rig.clusters.length === apps.length + most);
    rig.bootGate.resolve();
    await Promise.all(apps.map(({ name }) => context.fleet.handle(name).revival));
    expect(rig.clusters).toHaveLength(2 * apps.length);
    expect((await status(context, null)).apps.map(({ state }) => state)).toEqual(apps.map(() => 'online'));
  });
});
