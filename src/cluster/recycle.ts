// Workers that are replaced although they are well: too much memory, or the time of `restart.schedule`.
// (cluster process)

import { nextRun } from '../core/cron.ts';
import type { RestartSpec } from '../core/spec.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import { rssOf } from '../platform/proc-stats.ts';

/** How often memory is looked at: a leak of 50 MB/s must not reach a multiple of the limit. */
const MEMORY_INTERVAL = 1_000;

export interface RecyclePorts {
  readonly clock: Clock;
  /** Ready workers that are not leaving yet. */
  workers(): readonly { readonly key: number; readonly pid: number }[];
  onTooLarge(key: number, reason: string): void;
  onSchedule(reason: string): void;
}

/** Owns its timers; `apply` replaces them, `close` ends them. Without memory limit and schedule it has none. */
export class Recycler {
  readonly #ports: RecyclePorts;
  #memory: Timer | null = null;
  #schedule: Timer | null = null;

  constructor(ports: RecyclePorts) {
    this.#ports = ports;
  }

  apply(restart: RestartSpec): void {
    this.close();
    if (restart.memory !== null) this.#watchMemory(restart.memory);
    if (restart.schedule !== null) this.#watchSchedule(restart.schedule);
  }

  close(): void {
    this.#memory?.cancel();
    this.#schedule?.cancel();
    this.#memory = null;
    this.#schedule = null;
  }

  #watchMemory(limit: number): void {
    const { clock } = this.#ports;
    this.#memory = clock.setTimer(clock.now() + MEMORY_INTERVAL, () => {
      for (const { key, pid } of this.#ports.workers()) {
        const rss = rssOf(pid);
        if (rss !== null && rss > limit)
          this.#ports.onTooLarge(key, `uses ${toMiB(rss)} MB, more than ${toMiB(limit)} MB`);
      }
      this.#watchMemory(limit);
    });
  }

  #watchSchedule(pattern: string): void {
    const { clock } = this.#ports;
    const at = nextRun(pattern, clock.now());
    if (at === null) return;
    this.#schedule = clock.setTimer(at, () => {
      this.#ports.onSchedule(`restart.schedule "${pattern}"`);
      this.#watchSchedule(pattern);
    });
  }
}

const toMiB = (bytes: number): number => Math.round(bytes / 1024 / 1024);
