// Ends what a worker that has ended left running in its process group. (cluster process)

import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../core/spec.ts';

/** For what is left to end by itself; then for what was killed to be gone. */
export interface GroupGrace {
  readonly term: Milliseconds;
  readonly kill: Milliseconds;
}

const GRACE: GroupGrace = { term: 5_000, kill: 1_000 };
const POLL: Milliseconds = 50;

/**
 * `signalGroup` is false when the group is empty. Always resolves: dead processes that nobody reaps (a container whose
 * first process does not) stay in their group for ever.
 */
export async function endGroup(signalGroup: (signal: NodeJS.Signals) => boolean, grace = GRACE): Promise<void> {
  const since = performance.now();
  for (let left = signalGroup('SIGTERM'); left; left = signalGroup('SIGCONT')) {
    const waited = performance.now() - since;
    if (waited >= grace.term + grace.kill) return;
    if (waited >= grace.term) signalGroup('SIGKILL');
    await sleep(POLL);
  }
}
