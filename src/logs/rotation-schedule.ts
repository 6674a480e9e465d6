// Calls back at the times of a cron pattern. Hops of at most a minute: the system's clock may be corrected meanwhile,
// and a long delay would fire at once. Keeps no process alive. (Cluster process and manager.)

import { nextRun } from '../core/cron.ts';

const LONGEST_HOP = 60_000;

export class RotationSchedule {
  readonly #onDue: () => void;
  readonly #now: () => number;
  #pattern: string | null = null;
  #due: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** `now`: milliseconds since the epoch, by the system's clock. */
  constructor(onDue: () => void, now: () => number = Date.now) {
    this.#onDue = onDue;
    this.#now = now;
  }

  /** Follows this pattern from now on; null: none. */
  set(pattern: string | null): void {
    if (pattern === this.#pattern) return;
    this.#pattern = pattern;
    this.#due = pattern === null ? null : nextRun(pattern, this.#now());
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#due === null) return;
    const delay = Math.min(Math.max(this.#due - this.#now(), 1), LONGEST_HOP);
    this.#timer = setTimeout(() => this.#ring(), delay);
    this.#timer.unref();
  }

  #ring(): void {
    if (this.#pattern !== null && this.#due !== null && this.#now() >= this.#due) {
      this.#due = nextRun(this.#pattern, this.#now());
      this.#onDue();
    }
    this.#arm();
  }
}
