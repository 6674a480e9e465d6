// Pure: how far a deploy is, in words.

import type { Generation } from './status.ts';

export interface HowFar {
  readonly generation: Generation;
  readonly phase: string;
  readonly ready: number;
  readonly desired: number;
}

/**
 * "generation 3 booting, 1 of 4 ready". It is the old workers that retire: all of them before the new ones serve, some of
 * them meanwhile, or the last when all new ones serve.
 */
export function describePhase({ generation, phase, ready, desired }: HowFar): string {
  const count = `${ready} of ${desired} ready`;
  if (phase !== 'retiring') return `generation ${generation} ${phase}, ${count}`;
  if (ready < desired) return `old workers make room for generation ${generation}, ${count}`;
  return `generation ${generation} serves, the old workers retire`;
}
