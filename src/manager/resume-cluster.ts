// Manager: has a cluster process that was just started run what the one before it ran.

import { EvenkeelError } from '../core/errors.ts';
import type { AppSpec, Milliseconds } from '../core/spec.ts';
import type { Task } from './app-lane.ts';
import type { ClusterContact } from './cluster-owner.ts';
import { deployDeadline } from './deadlines.ts';

const RESUME_TIMEOUT: Milliseconds = 60_000;

/** It runs what ran, or the spec that was given, for nothing was known; unknown: nobody knows what to run. */
export type Resumption = 'resumed' | 'started' | 'unknown';

/**
 * How its workers fare is for the restart policy, and for whoever asks for the status. `spec`: what to run where the one
 * before it left no word of it. Throws Superseded where a stop has come.
 */
export async function resumeCluster(handle: ClusterContact, spec: AppSpec | null, task: Task): Promise<Resumption> {
  task.goOn();
  try {
    await handle.ask('resume', {}, spec === null ? RESUME_TIMEOUT : deployDeadline(spec, null, null));
  } catch (error) {
    // It was lost before its first generation served, or with what it had written down.
    if (!(error instanceof EvenkeelError) || error.code !== 'APP_STOPPED') throw error;
    task.goOn();
    if (spec === null) return 'unknown';
    const start = { spec, reason: 'its cluster process was lost', timeout: null, pinned: null };
    const { reason, cause } = await handle.ask('start', start, deployDeadline(spec, null, null));
    const { started } = await handle.refresh();
    // A hook before it has failed, so that nothing is there that would go on.
    if (!started) throw new EvenkeelError('CLUSTER_START_FAILED', `${handle.app}: ${cause ?? reason}`);
    return 'started';
  }
  await handle.refresh();
  return 'resumed';
}
