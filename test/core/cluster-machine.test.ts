import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Plot, play, plots } from './adversary.ts';
import { safetyWatch } from './safety.ts';
import { SETTINGS, type Simulator } from './simulator.ts';

/** EVENKEEL_RUNS=5000 looks longer than the suite does. */
const RUNS = Number(process.env.EVENKEEL_RUNS ?? 300);

/** Longer than any deploy with what its failure brings: its timeout, the old workers' boot, two drains. */
const LONGEST_DEPLOY = 10_000 + SETTINGS.readyTimeout + 2 * SETTINGS.stopTimeout + 10;

function always(property: (world: Simulator) => void, found: readonly Plot[] = []): void {
  const check = fc.property(plots, (plot) => property(play(plot, safetyWatch())));
  fc.assert(check, { numRuns: RUNS, examples: found.map((plot): [Plot] => [plot]) });
}

describe('a cluster, whatever happens', () => {
  it('breaks no safety property at any step', () => {
    always(() => undefined);
  });

  it('ends up with exactly the desired workers of the current generation once things go well', () => {
    always((world) => {
      world.calm();
      const { mode, deploy, current, desired, slots } = world.model;
      expect(deploy).toBeNull();
      const expected = Array.from({ length: mode === 'running' ? desired : 0 }, (_, slot) => slot)
        .filter((slot) => slots[slot]?.gaveUp !== true)
        .map((slot) => `${slot}@${current} ready`);
      // A slot that was given up may still have the worker that was to be replaced.
      const shown = world.shown.filter((_, index) => slots[world.processes[index]?.slot ?? 0]?.gaveUp !== true);
      expect(shown).toEqual(expected);
    });
  });

  it('ends every deploy in time, even when nothing answers any more', () => {
    always((world) => {
      world.hang(LONGEST_DEPLOY);
      expect(world.model.deploy).toBeNull();
    });
  });

  it('has no worker left soon after it was stopped, even when nothing answers any more', () => {
    always((world) => {
      world.send({ type: 'stop', timeout: null });
      world.hang(SETTINGS.stopTimeout);
      expect(world.shown).toEqual([]);
      expect(world.model.deploy).toBeNull();
    });
  });

  it('stops within the timeout that the stop itself brings', () => {
    always((world) => {
      world.send({ type: 'stop', timeout: 50 });
      world.hang(50);
      expect(world.shown).toEqual([]);
    });
  });
});
