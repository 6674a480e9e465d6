import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('systemClock', () => {
  it('starts at the time of day', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(systemClock.wallNow() - Date.now())).toBeLessThan(60_000);
  });

  it('rings when the time has come, and not before', async () => {
    const at = systemClock.now() + 5;
    await new Promise<void>((resolve) => {
      systemClock.setTimer(at, resolve);
    });
    expect(systemClock.now()).toBeGreaterThanOrEqual(at);
  });

  it('waits longer than setTimeout can', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const days = 24 * 60 * 60 * 1000;
    const fire = vi.fn();
    systemClock.setTimer(systemClock.now() + 60 * days, fire);
    vi.advanceTimersByTime(60 * days - 1);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(120 * days);
    expect(fire).toHaveBeenCalledOnce();
  });

  it('can be cancelled, also after it was armed anew', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const fire = vi.fn();
    const timer = systemClock.setTimer(systemClock.now() + 2 ** 31 + 1000, fire);
    vi.advanceTimersByTime(2 ** 31);
    timer.cancel();
    vi.advanceTimersByTime(2 ** 31);
    expect(fire).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not ring within the call that arms it, even when it is late', async () => {
    let armed = false;
    const rangWhenArmed = await new Promise<boolean>((resolve) => {
      systemClock.setTimer(0, () => resolve(armed));
      armed = true;
    });
    expect(rangWhenArmed).toBe(true);
  });
});

describe('FakeClock', () => {
  it('rings in the order of time, with its hands where they should be', () => {
    const clock = new FakeClock(0);
    const rang: string[] = [];
    clock.setTimer(20, () => rang.push(`b at ${clock.now()}`));
    clock.setTimer(10, () => {
      rang.push(`a at ${clock.now()}`);
      clock.setTimer(15, () => rang.push(`c at ${clock.now()}`));
    });
    clock.setTimer(31, () => rang.push('too late'));
    clock.setTimer(12, () => rang.push('cancelled')).cancel();
    clock.advance(30);
    expect(rang).toEqual(['a at 10', 'c at 15', 'b at 20']);
    expect([clock.now(), clock.armed]).toEqual([30, 1]);
  });

  it('lets the time of day step while time goes on evenly', () => {
    const clock = new FakeClock(0);
    clock.stepWall(-3_600_000);
    clock.advance(5);
    expect([clock.now(), clock.wallNow()]).toEqual([5, -3_599_995]);
  });
});
