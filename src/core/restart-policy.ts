// Pure: when does a worker that ended unasked come back? Exponential backoff with jitter, per slot.

import type { Milliseconds, RestartSpec } from './spec.ts';

/** What a slot remembers of its workers' ends. */
export interface SlotRecord {
  /** Quick failures in a row. */
  readonly failures: number;
  /** Unasked ends since the app was started. */
  readonly restarts: number;
  /** Not before this time (ms since the epoch); 0: at once. */
  readonly notBefore: number;
  /** The restart limit is reached: the slot stays empty. */
  readonly gaveUp: boolean;
  /** What became of the last one, as in `worker 0 exited with code 1`; null: not known here. */
  readonly why: string | null;
}

export const CLEAN_SLOT: SlotRecord = { failures: 0, restarts: 0, notBefore: 0, gaveUp: false, why: null };

/**
 * The record after an unasked end. `readyFor`: how long the worker was ready, null if it never was.
 * `random` in [0, 1) spreads the delay by a quarter either way, so that slots do not restart in step.
 */
export function recordFailure(
  record: SlotRecord,
  policy: RestartSpec,
  readyFor: Milliseconds | null,
  now: number,
  random: number,
  why: string | null = null,
): SlotRecord {
  const quick = readyFor === null || readyFor < policy.resetAfter;
  const failures = quick ? record.failures + 1 : 0;
  return {
    failures,
    restarts: record.restarts + 1,
    notBefore: now + restartDelay(policy, failures, random),
    gaveUp: policy.limit > 0 && failures >= policy.limit,
    why,
  };
}

/**
 * The record after a start that came to nothing, because somebody else has an address of the app or a hook fails. That does not pass at
 * once as a crash may: with 100 ms and 30 s, the delays are 0.1, 0.2, 0.4 ... 25.6, 30, 30.
 */
export function recordRefusal(record: SlotRecord, policy: RestartSpec, now: number, random: number): SlotRecord {
  const failures = record.failures + 1;
  return {
    ...{ failures, restarts: record.restarts, notBefore: now + restartDelay(policy, failures + 1, random) },
    gaveUp: policy.limit > 0 && failures >= policy.limit,
    why: null,
  };
}

/**
 * The first quick failure restarts at once: most crashes are not loops, and a delay would only lengthen the gap.
 * Then minDelay, twice that, and so on: with 100 ms and 30 s: 0, 0.1, 0.2, 0.4 ... 25.6, 30, 30.
 */
export function restartDelay(policy: RestartSpec, failures: number, random: number): Milliseconds {
  if (failures <= 1) return 0;
  const exponential = policy.minDelay * 2 ** Math.min(failures - 2, 40);
  const capped = Math.min(exponential, policy.maxDelay);
  return Math.round(Math.min(capped * (0.75 + random / 2), policy.maxDelay));
}
