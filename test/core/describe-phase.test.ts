import { describe, expect, it } from 'vitest';
import { describePhase } from '../../src/core/describe-phase.ts';

describe('describePhase', () => {
  const of = (phase: string, ready: number): string => describePhase({ generation: 3, phase, ready, desired: 4 });

  it.each([
    ['booting', 1, 'generation 3 booting, 1 of 4 ready'],
    ['settling', 4, 'generation 3 settling, 4 of 4 ready'],
    ['reverting', 0, 'generation 3 reverting, 0 of 4 ready'],
    ['retiring', 4, 'generation 3 serves, the old workers retire'],
    ['retiring', 1, 'old workers make room for generation 3, 1 of 4 ready'],
    ['retiring', 0, 'old workers make room for generation 3, 0 of 4 ready'],
  ])('%s, %i of 4 ready', (phase, ready, text) => {
    expect(of(phase, ready)).toBe(text);
  });
});
