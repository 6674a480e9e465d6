// Manager: notices a cluster process that is alive but answers no more (stopped, or hung), and has it replaced.

import { EvenkeelError } from '../core/errors.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { ClusterContact } from './cluster-owner.ts';

const INTERVAL: Milliseconds = 15_000;
/** Of so many looks one asks: to ask wakes it up, and there is one for each app. That it is stopped, the system tells. */
const ASKS_EVERY = 8;
/** One alone may be the machine that slept. */
const MISSES = 2;

export interface HeartbeatPorts {
  readonly clock: Clock;
  isStopped(identity: ProcessIdentity): boolean;
  /** Ends the cluster process. */
  kill(): void;
  complain(error: unknown): void;
}

export class Heartbeat {
  readonly #handle: ClusterContact;
  readonly #ports: HeartbeatPorts;
  #timer: Timer | null = null;
  #misses = 0;
  /** Not all are asked at the same beat. */
  #beats = Math.floor(Math.random() * ASKS_EVERY);
  #watching = new AbortController();

  constructor(handle: ClusterContact, ports: HeartbeatPorts) {
    this.#handle = handle;
    this.#ports = ports;
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
    const { clock } = this.#ports;
    // For all apps at the same moment: one wake-up. Not soon after this one, which may have come late.
    const next = (Math.round(clock.now() / INTERVAL) + 1) * INTERVAL;
    this.#timer = clock.setTimer(next, () => void this.#beat(signal));
  }

  async #beat(signal: AbortSignal): Promise<void> {
    this.#misses = (await this.#isSilent()) ? this.#misses + 1 : 0;
    if (!signal.aborted && this.#misses >= MISSES) this.#replace();
    this.#schedule(signal);
  }

  #replace(): void {
    try {
      this.#ports.kill();
      this.#misses = 0;
    } catch (error) {
      // For want of a file descriptor, as at the next beat perhaps no more.
      this.#ports.complain(error);
    }
  }

  async #isSilent(): Promise<boolean> {
    const { identity } = this.#handle;
    if (identity === null) return false;
    if (this.#ports.isStopped(identity)) return true;
    this.#beats = (this.#beats + 1) % ASKS_EVERY;
    if (this.#beats > 0 && this.#misses === 0 && !this.#handle.isDoubtful) return false;
    try {
      await this.#handle.ask('ping', {}, INTERVAL);
      return false;
    } catch (error) {
      return error instanceof EvenkeelError && error.code === 'TIMED_OUT';
    }
  }
}
