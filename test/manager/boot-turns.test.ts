import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { Superseded, type Task } from '../../src/manager/app-lane.ts';
import { BootTurns } from '../../src/manager/boot-turns.ts';
import { start } from '../../src/manager/operations/start.ts';
import { stop } from '../../src/manager/operations/stop.ts';
import { availableCpus } from '../../src/platform/cpus.ts';
import { appSpec } from '../support/app-spec.ts';
import { eventually } from '../support/eventually.ts';
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

/** So many take all turns of one CPU, and have begun in this order. */
function fill(turns: BootTurns, begun: string[], count = MOST): readonly { end: () => void; ended: Promise<void> }[] {
  return Array.from({ length: count }, (_, index) => {
    const gate = deferred<void>();
    const ended = turns.take(task(), async () => {
      begun.push(`app${index}`);
      await gate.promise;
    });
    return { end: () => gate.resolve(), ended };
  });
}

describe('BootTurns', () => {
  it('lets eight for each CPU go on, and the next when one of them is done, whatever came of it', async () => {
    const turns = new BootTurns(1);
    const begun: string[] = [];
    const [first, second] = fill(turns, begun);
    const failing = turns.take(task(), async () => {
      begun.push('ninth');
      throw new Error('no');
    });
    const last = turns.take(task(), async () => void begun.push('tenth'));
    await Promise.resolve();
    expect(begun).toHaveLength(MOST);
    first?.end();
    await expect(failing).rejects.toThrow('no');
    await last;
    expect(begun.slice(MOST)).toEqual(['ninth', 'tenth']);
    second?.end();
    await second?.ended;
    await turns.take(task(), async () => void begun.push('later'));
    expect(begun.at(-1)).toBe('later');
  });

  it('lets one that is stopped go without a turn, and nobody loses theirs by it', async () => {
    const turns = new BootTurns(1);
    const begun: string[] = [];
    const [first] = fill(turns, begun);
    const ending = new AbortController();
    const stopped = turns.take(task(ending), async () => void begun.push('stopped'));
    const next = turns.take(task(), async () => void begun.push('next'));
    ending.abort();
    await expect(stopped).rejects.toBeInstanceOf(Superseded);
    await expect(turns.take(task(ending), async () => void begun.push('stopped'))).rejects.toBeInstanceOf(Superseded);
    first?.end();
    await next;
    expect(begun.slice(MOST)).toEqual(['next']);
  });
});

describe('a start of more apps than boot at a time', () => {
  const most = MOST * availableCpus();
  const apps = Array.from({ length: most + 2 }, (_, index) => appSpec({ name: `app${index}` }));

  it('has some wait for their turn; a stop of one that waits is at once', async () => {
    const rig = new ManagerRig(apps);
    const gate = deferred<void>();
    rig.bootGate = gate;
    const { context } = await rig.open();
    const starting = start(context, null);
    await eventually('those that may have begun', () => rig.clusters.length === most);
    const waiting = `app${most}`;
    expect((await stop(context, [waiting], null)).ok).toBe(true);
    gate.resolve();
    const { apps: results } = await starting;
    expect(results.filter(({ ok }) => !ok).map(({ app }) => app)).toEqual([waiting]);
    expect(rig.clusters.map(({ boot }) => boot.app)).not.toContain(waiting);
    expect(rig.clusters).toHaveLength(apps.length - 1);
  });
});
