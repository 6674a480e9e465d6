// Manager: the one way of every event, from the clusters and from the manager itself, to the event log and to whoever
// listens now.

import type { AppEvent, EvenkeelEvent, ManagerEvent } from '../core/events.ts';

/** An event whose time is still to be set. */
export type Untimed<E> = E extends unknown ? Omit<E, 'time'> : never;

export type EventListener = (event: EvenkeelEvent) => void;

export interface EventSink {
  append(event: EvenkeelEvent): void;
}

export class EventBus {
  readonly #sink: EventSink;
  readonly #wallNow: () => number;
  readonly #listeners = new Set<EventListener>();

  constructor(sink: EventSink, wallNow: () => number) {
    this.#sink = sink;
    this.#wallNow = wallNow;
  }

  /** Something that the manager has done or seen. */
  emit(event: Untimed<ManagerEvent>): void {
    this.#publish({ ...event, time: new Date(this.#wallNow()).toISOString() });
  }

  /** Something that a cluster process tells. */
  relay(event: AppEvent): void {
    this.#publish(event);
  }

  /** Returns the way to stop listening. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #publish(event: EvenkeelEvent): void {
    this.#sink.append(event);
    for (const listener of [...this.#listeners]) listener(event);
  }
}
