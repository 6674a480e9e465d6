// Manager: notices a cluster process that is alive but answers no more (stopped, or hung), and has it replaced.

import { EvenkeelError } from '../core/errors.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { ClusterContact } from './cluster-owner.ts';

const INTERVAL: Milliseconds = 15_000;
/** One alone may be the machine that slept. */
const MISSES = 2;

export class Heartbeat {
  readonly #handle: ClusterContact;
  readonly #clock: Clock;
  readonly #kill: () => void;
  #timer: Timer | null = null;
  #misses = 0;
  #watching = new AbortController();

  /** `kill` ends the cluster process. */
  constructor(handle: ClusterContact, clock: Clock, kill: () => void) {
    this.#handle = handle;
    this.#clock = clock;
    this.#kill = kill;
  }

  /** From now until `stop`: there is a cluster process. */
  watch(): void {
    this.stop();
    this.#misses = 0;
    this.#watching = new AbortController();
    this.#schedule(this.#watching.signal);
  }

  stop(): void {
    this.#watching.abort();
    this.#timer?.cancel();
  }

  #schedule(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#timer = this.#clock.setTimer(this.#clock.now() + INTERVAL, () => void this.#beat(signal));
  }

  async #beat(signal: AbortSignal): Promise<void> {
    if (this.#handle.isUp) {
      try {
        await this.#handle.ask('ping', {}, INTERVAL);
        this.#misses = 0;
      } catch (error) {
        if (error instanceof EvenkeelError && error.code === 'TIMED_OUT') this.#misses += 1;
      }
    }
    if (!signal.aborted && this.#misses >= MISSES) {
      this.#misses = 0;
      this.#kill();
    }
    this.#schedule(signal);
  }
}
