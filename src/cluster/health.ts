// Asks a ready worker at intervals whether it is well; so many failures in a row and it is to be replaced.
// (cluster process)

import type { HealthSpec } from '../core/spec.ts';
import { pauseFor } from './pause-for.ts';
import { probeUrl } from './probe.ts';
import type { ProbeAnswer, WorkerLink } from './worker-link.ts';

/**
 * Reads the settings anew for each check, so that a reload changes them without touching the worker. Ends when checks are
 * off (a reload may turn them on: the host starts the watch again), when `signal` aborts, and with `onUnhealthy`.
 */
export async function watchHealth(
  settings: () => HealthSpec | null,
  link: WorkerLink | null,
  signal: AbortSignal,
  onUnhealthy: (reason: string) => void,
): Promise<void> {
  let failures = 0;
  for (let health = settings(); health !== null; ) {
    if (!(await pauseFor(health.interval, signal))) return;
    health = settings();
    if (health === null) return;
    const answer = await ask(health, link);
    if (signal.aborted) return;
    failures = answer.ok ? 0 : failures + 1;
    if (failures >= health.failures) return onUnhealthy(`failed ${failures} health checks: ${answer.detail}`);
  }
}

function ask(health: HealthSpec, link: WorkerLink | null): Promise<ProbeAnswer> {
  if (!health.http.startsWith('/')) return probeUrl(health.http, null, health.timeout);
  if (link === null) return Promise.resolve({ ok: false, detail: 'there is no agent to ask' });
  return link.probe(health.http, null, health.timeout);
}
