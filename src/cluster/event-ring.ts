// The app's events, numbered, the newest kept so that a new manager can ask for those it missed. (cluster process)

import type { AppEvent } from '../core/events.ts';
import type { NumberedEvent } from '../protocol/cluster-link.ts';

const KEPT = 500;

export class EventRing {
  #events: NumberedEvent[] = [];
  #last: number;
  readonly #listeners = new Set<(event: NumberedEvent) => void>();

  constructor(last: number) {
    this.#last = last;
  }

  get last(): number {
    return this.#last;
  }

  emit(event: AppEvent): void {
    this.#last += 1;
    const numbered = { seq: this.#last, event };
    this.#events.push(numbered);
    if (this.#events.length > 2 * KEPT) this.#events = this.#events.slice(-KEPT);
    for (const listener of this.#listeners) listener(numbered);
  }

  after(seq: number): readonly NumberedEvent[] {
    return this.#events.filter((event) => event.seq > seq).slice(-KEPT);
  }

  subscribe(listener: (event: NumberedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
