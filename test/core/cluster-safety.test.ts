import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONG } from '../support/tiers.ts';
import { type DeployMove, type Move, type Plot, play, plots } from './adversary.ts';
import { safetyWatch } from './safety.ts';
import { describeProcess, SETTINGS, type Simulator } from './simulator.ts';

/** The same plots in each run of the suite. */
const KNOWN = { seed: 1, numRuns: 300 };
/** Others in each run of the long tests; EVENKEEL_SEED repeats them. */
const NEW = { seed: Number(process.env.EVENKEEL_SEED ?? Math.floor(Math.random() * 2 ** 31)), numRuns: 3_000 };

/** Longer than any deploy with what its failure brings: its timeout, the old workers' boot, two drains. */
const LONGEST_DEPLOY = 10_000 + SETTINGS.readyTimeout + 2 * SETTINGS.stopTimeout + 10;

/** Each broke a property once: too many replacements, a deploy that hung, a wake-up that never was over, a late commit,
 * orphans that went although nobody came, workers that waited for one that had been given up, two that were replaced at
 * once, one that was let go on although its generation had been given up. */
const FOUND: readonly Plot[] = [
  { begin: 'nothing', moves: [deploy({ workers: 1 }), { do: 'leave-urgently', pick: 0 }] },
  { begin: 'orphans', moves: [{ do: 'all-leave' }] },
  { begin: 'orphans first', moves: [{ do: 'wake' }, { do: 'leave-urgently', pick: 0 }] },
  { begin: 'online', moves: [deploy({ workers: 1, settle: 1 }), { do: 'ready', pick: 0 }, { do: 'all-leave' }] },
  { begin: 'online', moves: [deploy({ strategy: 'rolling', workers: 5, batch: 2 }), { do: 'calm' }] },
  {
    begin: 'orphans',
    moves: [
      { do: 'wake' },
      { do: 'settings', limit: 3, exclusive: true },
      { do: 'ready', pick: 0 },
      { do: 'wait', ms: 3000 },
    ],
  },
  {
    begin: 'orphans',
    moves: [
      deploy({ strategy: 'handover', workers: 3, settle: 0 }),
      { do: 'go-well', events: 7 },
      { do: 'go-well', events: 3 },
      { do: 'wait', ms: 1000 },
      { do: 'settings', limit: 3, exclusive: true },
      { do: 'wait', ms: 500 },
      deploy({ workers: 1, settle: 0, holdable: false }),
      { do: 'wait', ms: 3000 },
    ],
  },
  {
    begin: 'nothing',
    moves: [
      deploy({ settle: 0, holdable: false }),
      { do: 'ready', pick: 0 },
      { do: 'ready', pick: 0 },
      { do: 'fail', pick: 1 },
      { do: 'all-leave' },
      { do: 'settings', limit: 0, exclusive: true },
      { do: 'ready', pick: 0 },
    ],
  },
  {
    begin: 'nothing',
    moves: [
      deploy({ workers: 1, settle: 0 }),
      { do: 'ready', pick: 0 },
      { do: 'leave-urgently', pick: 0 },
      deploy({ strategy: 'handover', workers: 1, settle: 400 }),
      { do: 'ready', pick: 0 },
      { do: 'exit', pick: 4 },
      { do: 'leave-urgently', pick: 0 },
      { do: 'exit', pick: 0 },
      { do: 'at-gate', pick: 0 },
      { do: 'ready', pick: 0 },
      { do: 'wake' },
      { do: 'at-gate', pick: 0 },
      { do: 'wait', ms: 1000 },
    ],
  },
];

function deploy(options: Partial<DeployMove>): Move {
  return {
    ...{
      do: 'deploy',
      strategy: 'all-at-once',
      workers: 2,
      batch: 1,
      settle: 100,
      timeout: 300,
      hooks: false,
      limit: 0,
      holdable: true,
    },
    ...options,
  };
}

type Extent = typeof KNOWN;

function always(extent: Extent, property: (world: Simulator) => void): void {
  const check = fc.property(plots, (plot) => property(play(plot, safetyWatch())));
  fc.assert(check, { ...extent, examples: FOUND.map((plot): [Plot] => [plot]) });
}

describe('a cluster, whatever happens', () => properties(KNOWN));
describe('a cluster, whatever happens, in plots of which nobody knows', { ...LONG, timeout: 300_000 }, () =>
  properties(NEW),
);

function properties(extent: Extent): void {
  it('breaks no safety property at any step', () => {
    always(extent, () => undefined);
  });

  it('ends up with exactly the desired workers of the current generation once things go well', () => {
    always(extent, (world) => {
      world.calm();
      const { mode, deploy, current, desired } = world.model;
      const slots = Array.from({ length: mode === 'running' ? desired : 0 }, (_, slot) => slot);
      // A slot that was given up is empty or has the worker still that was to be replaced, and orphans stay for it.
      const gaveUp = (slot: number): boolean => world.model.slots[slot]?.gaveUp === true;
      const orphansStay = mode === 'idle' || slots.some(gaveUp);
      const shown = world.processes.filter(({ orphan, slot }) => !gaveUp(slot) && !(orphan && orphansStay));
      expect(deploy).toBeNull();
      expect(shown.map(describeProcess).toSorted()).toEqual(
        slots.filter((slot) => !gaveUp(slot)).map((slot) => `${slot}@${current} ready`),
      );
    });
  });

  it('ends every deploy in time, even when nothing answers any more', () => {
    always(extent, (world) => {
      world.hang(LONGEST_DEPLOY);
      expect(world.model.deploy).toBeNull();
    });
  });

  it('has no worker left soon after it was stopped, even when nothing answers any more', () => {
    always(extent, (world) => {
      world.send({ type: 'stop', timeout: null });
      world.hang(SETTINGS.stopTimeout);
      expect(world.shown).toEqual([]);
      expect(world.model.deploy).toBeNull();
    });
  });

  it('stops within the timeout that the stop itself brings', () => {
    always(extent, (world) => {
      world.send({ type: 'stop', timeout: 50 });
      world.hang(50);
      expect(world.shown).toEqual([]);
    });
  });
}
