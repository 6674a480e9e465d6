import { describe, expect, it } from 'vitest';
import { type ClusterModel, type Deploy, IDLE_CLUSTER, NO_LOSS, type Worker } from '../../src/core/cluster-model.ts';
import { isRetired, slotCount, wantedIn } from '../../src/core/rollout.ts';

const BASE = {
  generation: 2,
  from: 1,
  served: true,
  reason: 'a new release',
  strategy: 'rolling',
  workers: 3,
  batch: 1,
  settle: 0,
  startedAt: 0,
  deadline: 1000,
  loss: NO_LOSS,
} as const;
const RANGE = { from: 1, to: 2 };
const VERDICT = { outcome: 'failed', reason: 'it died', culprit: null } as const;

const PHASES = {
  preparing: { ...BASE, phase: 'preparing' },
  clearing: { ...BASE, strategy: 'replace', phase: 'clearing' },
  booting: { ...BASE, phase: 'booting', range: RANGE },
  'booting (replace)': { ...BASE, strategy: 'replace', phase: 'booting', range: { from: 0, to: 3 } },
  'booting (handover)': { ...BASE, strategy: 'handover', phase: 'booting', range: { from: 0, to: 3 } },
  'yielding (handover)': { ...BASE, strategy: 'handover', phase: 'yielding', range: { from: 0, to: 3 } },
  settling: { ...BASE, phase: 'settling', range: RANGE, until: 1 },
  'settling (handover)': { ...BASE, strategy: 'handover', phase: 'settling', range: { from: 0, to: 3 }, until: 1 },
  'settling (replace)': { ...BASE, strategy: 'replace', phase: 'settling', range: { from: 0, to: 3 }, until: 1 },
  'retiring a batch': { ...BASE, phase: 'retiring', range: RANGE, committed: false },
  'retiring the last': { ...BASE, phase: 'retiring', range: { from: 2, to: 3 }, committed: true },
  reverting: { ...BASE, phase: 'reverting', range: RANGE, verdict: VERDICT },
  aborting: { ...BASE, phase: 'aborting', verdict: VERDICT, kept: 0, missing: 0 },
  'aborting, some are kept': { ...BASE, phase: 'aborting', verdict: VERDICT, kept: 2, missing: 2 },
  'aborting (replace)': { ...BASE, strategy: 'replace', phase: 'aborting', verdict: VERDICT, kept: 0, missing: 3 },
} satisfies Record<string, Deploy>;
type Phase = keyof typeof PHASES;

function running(deploy: Deploy | null, desired = 3): ClusterModel {
  return { ...IDLE_CLUSTER, mode: 'running', current: 1, desired, deploy };
}

function worker(slot: number, generation: number, state: string): Worker {
  const leaving = state === 'leaving' ? { reason: 'it asked for it', kind: 'asked' as const } : null;
  const base = { key: 1, slot, generation, startedAt: 0, leaving, orphan: false };
  return state === 'booting' ? { ...base, state, deadline: 1, gate: 'open' } : { ...base, state: 'ready', since: 0 };
}

/** "1 2" = both; "2?" = may stay, is not started. */
function wanted(model: ClusterModel, slots = 3): string[] {
  const inSlot = (slot: number): string =>
    wantedIn(model, slot)
      .map(({ generation, spawn }) => `${generation}${spawn ? '' : '?'}`)
      .join(' ');
  return Array.from({ length: slots }, (_, slot) => inSlot(slot));
}

describe('the generations wanted in each slot (0 replaced, 1 under way, 2 to come)', () => {
  it.each<[Phase, string[]]>([
    ['preparing', ['1', '1', '1']],
    ['clearing', ['', '', '']],
    ['booting', ['2', '1 2', '1']],
    ['booting (replace)', ['2', '2', '2']],
    ['booting (handover)', ['1 2', '1 2', '1 2']],
    ['yielding (handover)', ['2', '2', '2']],
    ['settling', ['2', '1 2', '1']],
    ['settling (handover)', ['2', '2', '2']],
    ['settling (replace)', ['2', '2', '2']],
    ['retiring a batch', ['2', '2', '1']],
    ['retiring the last', ['2', '2', '2']],
    ['reverting', ['1', '1', '1']],
    ['aborting', ['1', '1', '1']],
    ['aborting (replace)', ['', '', '']],
  ])('%s', (phase, slots) => {
    expect(wanted(running(PHASES[phase]))).toEqual(slots);
  });

  it.each<[Phase, string, string[]]>([
    ['reverting', 'ready', ['2?', '1 2?', '1']],
    ['reverting', 'leaving', ['1 2?', '1 2?', '1']],
    ['reverting', 'booting', ['1', '1', '1']],
    ['aborting', 'ready', ['1', '1', '1']],
    ['aborting, some are kept', 'ready', ['2?', '2?', '1']],
    ['aborting, some are kept', 'leaving', ['1 2?', '1 2?', '1']],
    ['aborting, some are kept', 'booting', ['1', '1', '1']],
    ['aborting (replace)', 'ready', ['', '', '']],
  ])('%s, where every slot has a new worker that is %s', (phase, state, slots) => {
    const workers = [0, 1, 2].map((slot) => worker(slot, 2, state));
    expect(wanted({ ...running(PHASES[phase]), workers })).toEqual(slots);
  });

  it.each<[Phase | null, string[]]>([
    [null, ['1 7?', '1', '1']],
    ['preparing', ['1 7?', '1', '1']],
    ['clearing', ['', '', '']],
    ['booting', ['2', '1 2', '1']],
    ['retiring a batch', ['2', '2', '1']],
    ['aborting', ['1 7?', '1', '1']],
  ])('%s, where a deploy that failed late left a worker in the first slot', (phase, slots) => {
    const deploy = phase === null ? null : PHASES[phase];
    expect(wanted({ ...running(deploy), workers: [worker(0, 7, 'ready')] })).toEqual(slots);
    const back = [worker(0, 7, 'ready'), worker(0, 1, 'ready')];
    expect(wanted({ ...running(deploy), workers: back })).toEqual(slots.map((text) => text.replace(' 7?', '')));
  });

  it.each<[string, ClusterModel, string[]]>([
    ['between deploys', running(null, 2), ['1', '1', '']],
    ['while it stops', { ...running(PHASES.booting), mode: 'stopping' }, ['', '', '']],
    ['before the first start', IDLE_CLUSTER, ['', '', '']],
    ['at a start there is no old one', { ...running({ ...PHASES.booting, from: 0 }), current: 0 }, ['2', '2', '']],
    ['a deploy that grows', running({ ...PHASES.settling, range: { from: 0, to: 3 } }, 1), ['1 2', '2', '2']],
    [
      'a deploy that shrinks',
      running({ ...PHASES.settling, range: { from: 0, to: 3 }, workers: 1 }),
      ['1 2', '1', '1'],
    ],
    ['it shrank', running({ ...PHASES['retiring the last'], workers: 1 }, 1), ['2', '', '']],
  ])('%s', (_situation, model, slots) => {
    expect(wanted(model)).toEqual(slots);
  });
});

describe('the old workers that a deploy waits for', () => {
  it.each<[Phase, boolean[]]>([
    ['preparing', [false, false, false]],
    ['clearing', [true, true, true]],
    ['booting', [false, false, false]],
    ['booting (handover)', [false, false, false]],
    ['yielding (handover)', [true, true, true]],
    ['settling', [false, false, false]],
    ['settling (handover)', [true, true, true]],
    ['retiring a batch', [true, true, false]],
    ['retiring the last', [true, true, true]],
    ['reverting', [false, false, false]],
    ['aborting', [false, false, false]],
  ])('%s', (phase, slots) => {
    expect([0, 1, 2].map((slot) => isRetired(PHASES[phase], worker(slot, 1, 'ready')))).toEqual(slots);
    expect([0, 1, 2].map((slot) => isRetired(PHASES[phase], worker(slot, 2, 'ready')))).toEqual([false, false, false]);
  });
});

describe('slotCount', () => {
  it('covers the old and the new generation', () => {
    expect(slotCount(running(null, 2))).toBe(2);
    expect(slotCount(running({ ...BASE, workers: 5, phase: 'preparing' }, 2))).toBe(5);
    expect(slotCount(running({ ...BASE, workers: 1, phase: 'preparing' }, 2))).toBe(2);
  });
});
