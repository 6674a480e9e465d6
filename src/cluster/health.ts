// Asks a ready worker at intervals whether it is well; so many failures in a row and it is to be replaced.
// (cluster process)

import type { HealthSpec, ListenAddress, Milliseconds } from '../core/spec.ts';
import { pauseFor } from './pause-for.ts';
import { MOST_ATTEMPTS, probeUrl } from './probe.ts';
import { isShared, portOfUrl } from './shared-port.ts';
import type { ProbeAnswer, WorkerLink } from './worker-link.ts';

export interface HealthPorts {
  /** As they are now; null: no checks. */
  settings(): HealthSpec | null;
  /** null: it has no agent. */
  readonly link: WorkerLink | null;
  readonly pid: number | null;
  /** What it accepts on together with others. */
  readonly listen: readonly ListenAddress[];
  /** `sickFor`: since its last check that passed, or since the checks began. */
  onUnhealthy(reason: string, sickFor: Milliseconds): void;
}

/** On a declared port a connection may become any worker's. */
const TRIES = 10;
const RETRY_PAUSE: Milliseconds = 20;

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
    const endPause = (): void => this.#pause.abort();
    signal.addEventListener('abort', endPause, { once: true });
    this.ended = this.#watch().finally(() => {
      this.#state = 'over';
      signal.removeEventListener('abort', endPause);
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
    let well = since;
    for (let health = this.#settings(); health !== null; health = this.#settings()) {
      const left = since + health.interval - performance.now();
      if (left > 0) {
        this.#pause = new AbortController();
        await pauseFor(left, this.#pause.signal);
        continue;
      }
      const answer = await this.#ask(health);
      if (this.#signal.aborted) return;
      since = performance.now();
      if (answer === null) continue;
      if (answer.ok) well = since;
      failures = answer.ok ? 0 : failures + 1;
      if (failures >= health.failures) {
        return this.#ports.onUnhealthy(`failed ${failures} health checks: ${answer.detail}`, since - well);
      }
    }
  }

  #settings(): HealthSpec | null {
    return this.#signal.aborted ? null : this.#ports.settings();
  }

  /** null: it was not its turn, which says nothing about it. */
  #ask(health: HealthSpec): Promise<ProbeAnswer | null> {
    const { link, pid, listen } = this.#ports;
    const { http, timeout } = health;
    if (!http.startsWith('/')) return this.#askUrl(health, isShared(listen, portOfUrl(http)) ? pid : null);
    if (link === null) return Promise.resolve({ ok: false, detail: 'there is no agent to ask' });
    return link.probe(http, null, timeout);
  }

  async #askUrl({ http, timeout }: HealthSpec, pid: number | null): Promise<ProbeAnswer | null> {
    const signal = this.#signal;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const attempts = Math.min(2 ** tries, MOST_ATTEMPTS);
      const answer = await probeUrl(
        http,
        null,
        pid === null ? null : { pid, attempts, patience: timeout, signal },
        timeout,
      );
      if (answer.by !== 'another') return answer;
      if (!(await pauseFor(RETRY_PAUSE, signal))) return null;
    }
    return null;
  }
}
