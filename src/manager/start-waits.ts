// Manager: apps whose start came to nothing: somebody else has an address that they declare, or a hook before it failed.
// Each is tried again, with the delays of its restart policy, until it runs or is stopped.

import { CLEAN_SLOT, recordRefusal, type SlotRecord } from '../core/restart-policy.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Clock, Timer } from '../platform/clock.ts';

export interface StartWait {
  /** Which address it is, and who has it; or which hook; or what a later try ended with. */
  readonly reason: string;
  readonly record: SlotRecord;
}

export class StartWaits {
  readonly #clock: Clock;
  readonly #waits = new Map<string, StartWait & { readonly timer: Timer | null }>();
  #closed: boolean = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(app: string): StartWait | null {
    return this.#waits.get(app) ?? null;
  }

  /** After a start that failed for this reason. `retry` is called when it is time for the next one. */
  add({ name, restart }: AppSpec, reason: string, retry: () => void): StartWait {
    const before = this.#waits.get(name);
    before?.timer?.cancel();
    const record = recordRefusal(before?.record ?? CLEAN_SLOT, restart, this.#clock.now(), Math.random());
    const isOver = record.gaveUp || this.#closed;
    const wait = { reason, record, timer: isOver ? null : this.#clock.setTimer(record.notBefore, retry) };
    this.#waits.set(name, wait);
    return wait;
  }

  /** It runs, or is not meant to any more. False: it did not wait. */
  end(app: string): boolean {
    this.#waits.get(app)?.timer?.cancel();
    return this.#waits.delete(app);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#waits.values()) timer?.cancel();
  }
}
