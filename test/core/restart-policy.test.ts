import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLEAN_SLOT,
  recordFailure,
  recordRefusal,
  restartDelay,
  type SlotRecord,
} from '../../src/core/restart-policy.ts';
import type { RestartSpec } from '../../src/core/spec.ts';

const POLICY: RestartSpec = {
  ...{ minDelay: 100, maxDelay: 30_000, resetAfter: 10_000, limit: 0 },
  ...{ onUncaught: 'exit', memory: null, schedule: null },
};
const NO_JITTER = 0.5;
const NOW = 1_000_000;

function recordAfter(lives: readonly (number | null)[], policy: RestartSpec = POLICY): SlotRecord {
  return lives.reduce((record, readyFor) => recordFailure(record, policy, readyFor, NOW, NO_JITTER), CLEAN_SLOT);
}

describe('the delay before a worker comes back', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 100],
    [3, 200],
    [4, 400],
    [5, 800],
    [10, 25_600],
    [11, 30_000],
    [1000, 30_000],
    [Number.MAX_SAFE_INTEGER, 30_000],
  ])('after %i quick failures is %i ms', (failures, delay) => {
    expect(restartDelay(POLICY, failures, NO_JITTER)).toBe(delay);
  });

  it('is spread by a quarter either way, and never beyond the maximum', () => {
    expect(restartDelay(POLICY, 4, 0)).toBe(300);
    expect(restartDelay(POLICY, 4, 0.999_999)).toBe(500);
    expect(restartDelay(POLICY, 11, 0.999_999)).toBe(30_000);
  });

  it('never shrinks with more failures, and stays within its bounds', () => {
    const delays = fc.record({ minDelay: fc.nat({ max: 5000 }), maxDelay: fc.nat({ max: 100_000 }) });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(delays, fc.nat({ max: 2000 }), random, (range, failures, chance) => {
        const policy = { ...POLICY, ...range };
        const delay = restartDelay(policy, failures, chance);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(range.maxDelay);
        expect(restartDelay(policy, failures + 1, chance)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});

describe('what a slot remembers', () => {
  it.each<[string, (number | null)[], Pick<SlotRecord, 'failures' | 'restarts' | 'notBefore'>]>([
    ['a first crash at boot: back at once', [null], { failures: 1, restarts: 1, notBefore: NOW }],
    ['a first crash soon after ready: back at once', [9_999], { failures: 1, restarts: 1, notBefore: NOW }],
    ['a second quick crash: backoff', [null, 5], { failures: 2, restarts: 2, notBefore: NOW + 100 }],
    ['a third quick crash: twice that', [null, 5, null], { failures: 3, restarts: 3, notBefore: NOW + 200 }],
    ['a crash after a long life: a clean record', [10_000], { failures: 0, restarts: 1, notBefore: NOW }],
    ['a long life among quick ones', [null, null, 10_000], { failures: 0, restarts: 3, notBefore: NOW }],
    ['a quick crash after a long life', [null, 10_000, 1], { failures: 1, restarts: 3, notBefore: NOW }],
  ])('%s', (_situation, lives, record) => {
    expect(recordAfter(lives)).toEqual({ ...record, gaveUp: false, why: null });
  });

  it.each<[string, number, (number | null)[], boolean]>([
    ['no limit: never given up', 0, Array.from({ length: 100 }, () => null), false],
    ['below the limit', 3, [null, null], false],
    ['at the limit', 3, [null, null, null], true],
    ['a limit of one', 1, [null], true],
    ['a long life in between resets the count', 3, [null, null, 10_000, null, null], false],
  ])('%s', (_situation, limit, lives, gaveUp) => {
    expect(recordAfter(lives, { ...POLICY, limit }).gaveUp).toBe(gaveUp);
  });
});

describe('a start for which an address cannot be had', () => {
  function refused(times: number, policy = POLICY): SlotRecord {
    let record = CLEAN_SLOT;
    for (let index = 0; index < times; index += 1) record = recordRefusal(record, policy, NOW, NO_JITTER);
    return record;
  }

  it.each([
    [1, 100],
    [2, 200],
    [3, 400],
    [10, 30_000],
    [1000, 30_000],
  ])('after %i in a row, is tried again in %i ms', (times, delay) => {
    expect(refused(times)).toEqual({ failures: times, restarts: 0, notBefore: NOW + delay, gaveUp: false, why: null });
  });

  it('is given up at the limit', () => {
    expect([1, 2, 3].map((times) => refused(times, { ...POLICY, limit: 3 }).gaveUp)).toEqual([false, false, true]);
  });
});
