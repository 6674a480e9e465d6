// Manager, pure: how long each request to a cluster process may take. The cluster process keeps the deadlines of the
// app; these are longer, and only end the wait for one that hangs.

import type { AppSpec, Milliseconds } from '../core/spec.ts';
import { LONGEST_CLOSING } from '../protocol/cluster-link.ts';

/** For what the cluster process itself needs on a machine under load. */
const SLACK: Milliseconds = 15_000;
/** For requests that are answered from memory. */
export const QUICK: Milliseconds = 5_000;

/**
 * Deploy, start, restart, rollback, abort: all phases, then the way back, which a rolling deploy may have to go worker by
 * worker, then the hooks after it, which have the whole time-out once more. `running`: what the old workers are.
 */
export function deployDeadline(spec: AppSpec, running: AppSpec | null, timeout: Milliseconds | null): Milliseconds {
  const retire = Math.max(spec.stop.timeout, running?.stop.timeout ?? 0);
  const reboot = Math.max(spec.ready.timeout, running?.ready.timeout ?? 0);
  const all = timeout ?? spec.deploy.timeout;
  const back = (1 + (running ?? spec).workers) * (reboot + retire);
  return all + back + (spec.deploy.after.length > 0 ? all : 0) + SLACK;
}

/** Scale: workers start, or stop. */
export function changeDeadline(spec: AppSpec): Milliseconds {
  return spec.ready.timeout + spec.stop.timeout + SLACK;
}

/** The cluster process answers when nothing of the app is left, not when the last worker has ended. */
export function stopDeadline(spec: AppSpec | null, timeout: Milliseconds | null): Milliseconds {
  return (timeout ?? spec?.stop.timeout ?? 30_000) + LONGEST_CLOSING + SLACK;
}
