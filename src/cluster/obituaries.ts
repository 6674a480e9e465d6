// How the workers ended that ended lately: for the report of the deploy that they made fail. (cluster process)

import type { WorkerKey } from '../core/cluster-model.ts';
import type { Slot, WorkerFailure } from '../core/status.ts';

const KEPT = 20;

export class Obituaries {
  readonly #failures = new Map<WorkerKey, WorkerFailure>();

  add(key: WorkerKey, failure: WorkerFailure): void {
    this.#failures.set(key, failure);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > KEPT && oldest !== undefined) this.#failures.delete(oldest);
  }

  of(key: WorkerKey): WorkerFailure | null {
    return this.#failures.get(key) ?? null;
  }

  lastOfSlot(slot: Slot): WorkerFailure | null {
    return [...this.#failures.values()].reverse().find((failure) => failure.slot === slot) ?? null;
  }
}
