// Time, as a port: the machines get it from here and tests from a fake one.

export interface Timer {
  /** The callback will not run from now on. Harmless when it has run. */
  cancel(): void;
}

export interface Clock {
  /**
   * Milliseconds since the epoch, by a clock that runs evenly: steps of the system's time do not move it, so deadlines
   * neither fire early nor never.
   */
  now(): number;
  /** Milliseconds since the epoch as the system's clock shows them now: for records and calendars. */
  wallNow(): number;
  /** Runs `fire` once, when `now()` has reached `at`, and never before this call returns. Keeps no process alive. */
  setTimer(at: number, fire: () => void): Timer;
}

/** What setTimeout takes; it fires at once above that. */
const LONGEST_DELAY = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  wallNow: () => Date.now(),
  setTimer(at, fire) {
    let timeout: NodeJS.Timeout;
    const arm = (): void => {
      const delay = Math.min(Math.max(Math.ceil(at - systemClock.now()), 0), LONGEST_DELAY);
      timeout = setTimeout(ring, delay);
      timeout.unref();
    };
    const ring = (): void => {
      if (systemClock.now() < at) arm();
      else fire();
    };
    arm();
    return { cancel: () => clearTimeout(timeout) };
  },
};
