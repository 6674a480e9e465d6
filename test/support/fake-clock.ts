// A clock that stands still until a test moves it.

import type { Clock, Timer } from '../../src/platform/clock.ts';

interface Pending {
  readonly at: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  #now: number;
  #wallOffset = 0;
  readonly #pending = new Set<Pending>();

  constructor(start = 1_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now + this.#wallOffset;
  }

  setTimer(at: number, fire: () => void): Timer {
    const timer = { at, fire };
    this.#pending.add(timer);
    return { cancel: () => this.#pending.delete(timer) };
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#pending.size;
  }

  /** Moves time on and runs what falls due, in order, including what is armed meanwhile. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    this.#now = end;
  }

  /** Steps the system's time, as a correction by its administrator does. */
  stepWall(milliseconds: number): void {
    this.#wallOffset += milliseconds;
  }

  #next(): Pending | null {
    let first: Pending | null = null;
    for (const timer of this.#pending) {
      if (first === null || timer.at < first.at) first = timer;
    }
    return first;
  }
}
