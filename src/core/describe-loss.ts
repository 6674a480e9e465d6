// Pure: the loss report of a deploy in words.

import type { LossReport } from './status.ts';

/** "drained 12 requests, cut 0, killed 0": cut connections, killed workers. */
export function describeLoss({ finished, cut, killed }: LossReport): string {
  return `drained ${finished} ${finished === 1 ? 'request' : 'requests'}, cut ${cut}, killed ${killed}`;
}
