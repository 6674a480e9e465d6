// Asks a ready worker at intervals whether it is well; so many failures in a row and it is to be replaced.
// (cluster process)

import type { HealthSpec } from '../core/spec.ts';
import { pauseFor } from './pause-for.ts';
import { probeUrl } from './probe.ts';
import type { ProbeAnswer, WorkerLink } from './worker-link.ts';

export interface HealthPorts {
  /** As they are now; null: no checks. */
  settings(): HealthSpec | null;
  readonly link: WorkerLink | null;
  onUnhealthy(reason: string): void;
}

/** Ends when checks are off, when `signal` aborts, and with `onUnhealthy`. */
export class HealthWatch {
  readonly ended: Promise<void>;
  readonly #ports: HealthPorts;
  readonly #signal: AbortSignal;
  #pause = new AbortController();
  #state: 'watching' | 'over' = 'watching';

  constructor(ports: HealthPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#pause.abort(), { once: true });
    this.ended = this.#watch().finally(() => {
      this.#state = 'over';
    });
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** The settings may have changed: the next check is made when they say, counted from the last one. */
  refresh(): void {
    this.#pause.abort();
  }

  async #watch(): Promise<void> {
    let failures = 0;
    let since = performance.now();
    for (let health = this.#settings(); health !== null; health = this.#settings()) {
      const left = since + health.interval - performance.now();
      if (left > 0) {
        this.#pause = new AbortController();
        await pauseFor(left, this.#pause.signal);
        continue;
      }
      const answer = await ask(health, this.#ports.link);
      if (this.#signal.aborted) return;
      failures = answer.ok ? 0 : failures + 1;
      if (failures >= health.failures) {
        return this.#ports.onUnhealthy(`failed ${failures} health checks: ${answer.detail}`);
      }
      since = performance.now();
    }
  }

  #settings(): HealthSpec | null {
    return this.#signal.aborted ? null : this.#ports.settings();
  }
}

function ask(health: HealthSpec, link: WorkerLink | null): Promise<ProbeAnswer> {
  if (!health.http.startsWith('/')) return probeUrl(health.http, null, health.timeout);
  if (link === null) return Promise.resolve({ ok: false, detail: 'there is no agent to ask' });
  return link.probe(health.http, null, health.timeout);
}
