// The real clock, run faster: for deadlines of the product that a test has to sit out.

import { type Clock, systemClock } from '../../src/platform/clock.ts';

export function quickClock(factor: number): Clock {
  const start = systemClock.now();
  const now = () => start + (systemClock.now() - start) * factor;
  return {
    now,
    wallNow: now,
    setTimer: (at, fire) => systemClock.setTimer(start + (at - start) / factor, fire),
  };
}
