// Ends workers that a killed predecessor left, where nothing of theirs is to be taken over. (cluster process)

import type { Milliseconds } from '../core/spec.ts';
import { isAlive, killIdentity, type ProcessIdentity, waitForExit } from '../platform/process-identity.ts';

/** For the system to take down what was killed. */
const KILL_TIMEOUT: Milliseconds = 1_000;

/** SIGTERM, then after `timeout` SIGKILL to the whole process group. */
export async function endOrphans(orphans: readonly ProcessIdentity[], timeout: Milliseconds): Promise<void> {
  await Promise.all(orphans.filter(isAlive).map((orphan) => endOrphan(orphan, timeout)));
}

async function endOrphan(orphan: ProcessIdentity, timeout: Milliseconds): Promise<void> {
  killIdentity(orphan, 'SIGTERM');
  const ended = await waitForExit(orphan, timeout);
  // Also what it had started.
  killIdentity(orphan, 'SIGKILL', { group: true });
  if (!ended) await waitForExit(orphan, KILL_TIMEOUT);
}
