// Pure: the loss report of a deploy in words.

import type { LossReport } from './status.ts';

/** "drained 12 requests, cut 0, killed 0": cut connections, killed workers. */
export function describeLoss({ finished, cut, killed }: LossReport): string {
  // A program that is not Node has no agent that could count.
  if (finished === null || cut === null) return `killed ${killed}; what was drained or cut is not known`;
  return `drained ${finished} ${finished === 1 ? 'request' : 'requests'}, cut ${cut}, killed ${killed}`;
}
