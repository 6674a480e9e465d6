// Manager: apps that could not be started because somebody else has an address that they declare. Each is tried again, with
// the delays of its restart policy, until it runs or is stopped.

import type { EvenkeelError } from '../core/errors.ts';
import { CLEAN_SLOT, recordRefusal, type SlotRecord } from '../core/restart-policy.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { EventBus } from './event-bus.ts';

export interface AddressWait {
  /** Which address it is, and who has it. */
  readonly reason: string;
  readonly record: SlotRecord;
}

export class AddressWaits {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #waits = new Map<string, AddressWait & { readonly timer: Timer | null }>();
  #closed: boolean = false;

  constructor(clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  of(app: string): AddressWait | null {
    return this.#waits.get(app) ?? null;
  }

  /** After a start that failed with this error. `retry` is called when it is time for the next one. */
  add({ name, restart }: AppSpec, { message: reason }: EvenkeelError, retry: () => void): AddressWait {
    const before = this.#waits.get(name);
    before?.timer?.cancel();
    const now = this.#clock.now();
    const record = recordRefusal(before?.record ?? CLEAN_SLOT, restart, now, Math.random());
    const isOver = record.gaveUp || this.#closed;
    const wait = { reason, record, timer: isOver ? null : this.#clock.setTimer(record.notBefore, retry) };
    this.#waits.set(name, wait);
    const delayMs = record.gaveUp ? null : Math.round(record.notBefore - now);
    this.#bus.emit({ type: 'listen-failed', app: name, reason, failures: record.failures, delayMs });
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
