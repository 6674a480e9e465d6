// Asks a ready worker at intervals whether it is well; so many failures in a row and it is to be replaced.
// (cluster process)

import type { HealthSpec } from '../core/spec.ts';
import { probeUrl } from './probe.ts';
import type { ProbeAnswer, WorkerLink } from './worker-link.ts';

/** Reads the settings anew before each check, so that a reload changes them without touching the worker. */
export function watchHealth(
  settings: () => HealthSpec | null,
  link: WorkerLink | null,
  signal: AbortSignal,
  onUnhealthy: (reason: string) => void,
): void {
  let failures = 0;
  const check = async (health: HealthSpec): Promise<void> => {
    const answer = await ask(health, link);
    if (signal.aborted) return;
    failures = answer.ok ? 0 : failures + 1;
    if (failures >= health.failures) onUnhealthy(`failed ${failures} health checks: ${answer.detail}`);
    else schedule();
  };
  const schedule = (): void => {
    const health = settings();
    // With checks off there is nothing to do until a reload may turn them on: the host starts the watch again.
    if (health === null || signal.aborted) return;
    const timer = setTimeout(() => void check(health), health.interval);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  };
  schedule();
}

function ask(health: HealthSpec, link: WorkerLink | null): Promise<ProbeAnswer> {
  if (!health.http.startsWith('/')) return probeUrl(health.http, null, health.timeout);
  if (link === null) return Promise.resolve({ ok: false, detail: 'there is no agent to ask' });
  return link.probe(health.http, null, health.timeout);
}
