// The real clock, on which what takes long comes only when the test skips it: delays between attempts, deadlines.

import { type Clock, systemClock, type Timer } from '../../src/platform/clock.ts';
import { FakeClock } from './fake-clock.ts';

/** Below that are the pauses between two looks at what the operating system does. */
const LONG = 500;

export class HeldClock implements Clock {
  readonly #long = new FakeClock(systemClock.now());
  #skipped = 0;

  now(): number {
    return systemClock.now() + this.#skipped;
  }

  wallNow(): number {
    return this.now();
  }

  setTimer(at: number, fire: () => void): Timer {
    return at - this.now() < LONG ? systemClock.setTimer(at - this.#skipped, fire) : this.#long.setTimer(at, fire);
  }

  /** Runs what is due by then. */
  skip(milliseconds: number): void {
    this.#skipped += milliseconds;
    this.#long.advance(this.now() - this.#long.now());
  }
}
