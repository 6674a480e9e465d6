// Manager: has a cluster process that was just started run what the one before it ran.

import { EvenkeelError } from '../core/errors.ts';
import type { AppSpec, Milliseconds } from '../core/spec.ts';
import type { Task } from './app-lane.ts';
import type { ClusterContact } from './cluster-owner.ts';
import { deployDeadline } from './deadlines.ts';

const RESUME_TIMEOUT: Milliseconds = 60_000;

/**
 * How its workers fare is for the restart policy, and for whoever asks for the status. `spec`: what to run where the one
 * before it left no word of it. False: nobody knows what to run. Throws Superseded where a stop has come.
 */
export async function resumeCluster(handle: ClusterContact, spec: AppSpec | null, task: Task): Promise<boolean> {
  task.goOn();
  try {
    await handle.ask('resume', {}, spec === null ? RESUME_TIMEOUT : deployDeadline(spec, null, null));
  } catch (error) {
    // It was lost before its first generation served, or with what it had written down.
    if (!(error instanceof EvenkeelError) || error.code !== 'APP_STOPPED') throw error;
    task.goOn();
    if (spec === null) return false;
    const start = { spec, reason: 'its cluster process was lost', timeout: null, pinned: null };
    await handle.ask('start', start, deployDeadline(spec, null, null));
  }
  await handle.refresh();
  return true;
}
