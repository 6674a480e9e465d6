import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Recycler } from '../../src/cluster/recycle.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { appSpec } from '../support/spec.ts';

const HOUR = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The system's time may be another one than the one that deadlines go by. */
function recycler(wallNow: () => number) {
  const due: number[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    wallNow,
    setTimer: (at, fire) => {
      const timer = setTimeout(fire, at - Date.now());
      return { cancel: () => clearTimeout(timer) };
    },
  };
  const made = new Recycler({ clock, workers: () => [], onTooLarge: () => {}, onSchedule: () => due.push(wallNow()) });
  return { made, due };
}

const restart = (schedule: string | null) => ({ ...appSpec().restart, schedule });

it('goes by the time that the machine shows, also when that is corrected meanwhile', () => {
  vi.setSystemTime(new Date(2026, 2, 10, 12));
  let step = 0;
  const { made, due } = recycler(() => Date.now() + step);
  made.apply(restart('0 15 * * *'));
  step = 2 * HOUR;
  vi.advanceTimersByTime(HOUR + 60_000);
  expect(due).toHaveLength(1);
  expect(new Date(due[0] ?? 0).getHours()).toBe(15);
  made.close();
});

it('ends with the schedule', () => {
  const { made, due } = recycler(() => Date.now());
  made.apply(restart('* * * * *'));
  made.apply(restart(null));
  vi.advanceTimersByTime(HOUR);
  expect(due).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
