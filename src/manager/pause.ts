// Manager: pauses, by the clock of its ports.

import type { Milliseconds } from '../core/spec.ts';
import type { Clock } from '../platform/clock.ts';

export function pause(clock: Clock, delay: Milliseconds): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(clock.now() + delay, resolve));
}

/** Resolves after `delay`, or at once when the signal is aborted. */
export function pauseUnless(signal: AbortSignal, clock: Clock, delay: Milliseconds): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(clock.now() + delay, end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
