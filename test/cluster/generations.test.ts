import { describe, expect, it } from 'vitest';
import { Generations } from '../../src/cluster/generations.ts';
import { NO_LOSS } from '../../src/core/cluster-model.ts';
import type { DeployOutcome } from '../../src/core/status.ts';
import type { ClusterRecord } from '../../src/platform/cluster-record.ts';
import type { PinnedSpec } from '../../src/protocol/cluster-link.ts';
import { appSpec } from '../support/spec.ts';

const RELEASE = { spec: appSpec(), realCwd: '/srv', realScript: '/srv/server.js' };

/** `current`: the generation that serves when it has ended; default: the new one where it is done. */
function deployed(
  generations: Generations,
  outcome: DeployOutcome,
  current?: number,
  release: Omit<PinnedSpec, 'generation'> = RELEASE,
): number {
  const generation = pinned(generations, release);
  const record = { generation, outcome, reason: 'deploy', startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1 };
  generations.record(record, NO_LOSS, { current: current ?? generation, settings: {} });
  return generation;
}

function pinned(generations: Generations, release: Omit<PinnedSpec, 'generation'> = RELEASE): number {
  const generation = generations.next();
  generations.pin({ generation, ...release });
  return generation;
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('generations', () => {
  it('only grow, above what the manager has seen', () => {
    const generations = new Generations(7);
    expect([generations.next(), generations.next()]).toEqual([8, 9]);
  });

  it('that succeeded can be rolled back to, that failed cannot', () => {
    const generations = new Generations(0);
    const first = deployed(generations, 'done');
    const failed = deployed(generations, 'failed', first);
    expect(generations.find(first)).not.toBeNull();
    expect(generations.find(failed)).toBeNull();
    expect(generations.history.map((entry) => [entry.generation, entry.current])).toEqual([
      [first, true],
      [failed, false],
    ]);
  });

  it('keep one current, and a bounded history with its pinned specs', () => {
    const generations = new Generations(0);
    for (let count = 0; count < 50; count += 1) deployed(generations, 'done');
    expect(generations.history).toHaveLength(20);
    expect(generations.history.filter((entry) => entry.current).map((entry) => entry.generation)).toEqual([50]);
    expect(generations.find(30)).toBeNull();
    expect(generations.find(31)).not.toBeNull();
  });

  it('that ran something else stay, to go back to, however often the one that serves was restarted', () => {
    const generations = new Generations(0);
    const before = deployed(generations, 'done');
    const release = { spec: appSpec(), realCwd: '/srv/2', realScript: '/srv/2/server.js' };
    for (let count = 0; count < 50; count += 1) deployed(generations, 'done', undefined, release);
    expect(generations.history.map(({ generation }) => generation)).toEqual([before, ...range(32, 51)]);
    expect(generations.find(before)?.realCwd).toBe('/srv');
  });

  it('that serve are never forgotten, however many deploys fail after them', () => {
    const generations = new Generations(0);
    const serving = deployed(generations, 'done');
    for (let count = 0; count < 50; count += 1) deployed(generations, 'failed', serving);
    expect(generations.find(serving)).not.toBeNull();
  });

  it('that serve are never forgotten, also where no deploy of them was ever recorded', () => {
    const generations = new Generations(0);
    const serving = pinned(generations);
    deployed(generations, 'failed', serving);
    expect(generations.find(serving)).not.toBeNull();
  });

  it('that still have workers are not forgotten', () => {
    const generations = new Generations(0);
    const draining = pinned(generations);
    const gate = { exclusive: false, holdable: true };
    const settings = { [draining]: { readyTimeout: 1, stopTimeout: 1, restart: appSpec().restart, ...gate } };
    const generation = pinned(generations);
    const record = { generation, outcome: 'done', reason: 'deploy', startedAt: '', durationMs: 1 } as const;
    generations.record(record, NO_LOSS, { current: generation, settings });
    expect(generations.find(draining)).not.toBeNull();
  });

  it('are taken over from a predecessor', () => {
    const before = new Generations(0);
    const serving = deployed(before, 'done');
    const record: ClusterRecord = {
      ...{ app: 'web', cluster: null, lastGeneration: before.last, current: before.pinned(serving), desired: 2 },
      ...{ started: true, unfinished: null, history: before.history, workers: [], lastEvent: 0 },
    };
    const after = new Generations(0);
    after.restore(record);
    expect(after.pinned(serving).realCwd).toBe('/srv');
    expect(after.next()).toBe(serving + 1);
  });
});
