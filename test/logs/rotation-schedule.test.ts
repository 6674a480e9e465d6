import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RotationSchedule } from '../../src/logs/rotation-schedule.ts';

const START = new Date(2026, 0, 31, 22, 30).getTime();
const HOUR = 3_600_000;

describe('RotationSchedule', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('calls back at each time of the pattern', () => {
    const times: number[] = [];
    new RotationSchedule(() => times.push(Date.now())).set('0 0 * * *');
    vi.advanceTimersByTime(50 * HOUR);
    expect(times).toEqual([START + 1.5 * HOUR, START + 25.5 * HOUR, START + 49.5 * HOUR]);
  });

  it('is not misled by a delay longer than a timer takes', () => {
    const times: number[] = [];
    new RotationSchedule(() => times.push(Date.now())).set('0 0 1 4 *');
    vi.advanceTimersByTime(58 * 24 * HOUR);
    expect(times).toEqual([]);
    vi.advanceTimersByTime(3 * 24 * HOUR);
    expect(times).toEqual([new Date(2026, 3, 1).getTime()]);
  });

  it('keeps to the clock on the wall when that is set forward', () => {
    let steps = 0;
    const onDue = vi.fn();
    new RotationSchedule(onDue, () => Date.now() + steps).set('0 0 * * *');
    steps = HOUR;
    vi.advanceTimersByTime(HOUR / 2 + 60_000);
    expect(onDue).toHaveBeenCalledTimes(1);
  });

  it('follows a new pattern at once, and none any more', () => {
    const onDue = vi.fn();
    const schedule = new RotationSchedule(onDue);
    schedule.set('0 0 * * *');
    schedule.set('45 22 * * *');
    vi.advanceTimersByTime(HOUR);
    expect(onDue).toHaveBeenCalledTimes(1);
    schedule.set(null);
    vi.advanceTimersByTime(100 * HOUR);
    expect(onDue).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
