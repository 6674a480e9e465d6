import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  availableCpus,
  cpuCount,
  parseCfsQuota,
  parseCgroups,
  parseCpuMax,
  withParents,
} from '../../src/platform/cpus.ts';

describe('availableCpus', () => {
  it('is a whole number between 1 and what the system has', () => {
    expect(Number.isInteger(availableCpus())).toBe(true);
    expect(availableCpus()).toBeGreaterThanOrEqual(1);
    expect(availableCpus()).toBeLessThanOrEqual(availableParallelism());
  });

  it.each([
    [8, [], 8],
    [8, [2], 2],
    [8, [4, 2, 16], 2],
    [8, [1.5], 1],
    [8, [0.2], 1],
    [2, [16], 2],
  ])('of %i CPUs and quotas %j it makes %i', (parallelism, quotas, expected) => {
    expect(cpuCount(parallelism, quotas)).toBe(expected);
  });
});

describe('control groups', () => {
  it.each([
    ['max 100000\n', null],
    ['150000 100000\n', 1.5],
    ['', null],
    ['nonsense', null],
    ['100000 0', null],
  ])('reads cpu.max %j', (text, expected) => {
    expect(parseCpuMax(text)).toBe(expected);
  });

  it.each([
    ['-1\n', '100000\n', null],
    ['200000\n', '100000\n', 2],
    ['', '', null],
  ])('reads cpu.cfs_quota_us %j with period %j', (quota, period, expected) => {
    expect(parseCfsQuota(quota, period)).toBe(expected);
  });

  it.each([
    ['0::/user.slice/a:b\n', { v2: '/user.slice/a:b', v1: null }],
    ['5:memory:/m\n4:cpu,cpuacct:/docker/x\n0::/\n', { v2: '/', v1: '/docker/x' }],
    ['4:cpuset:/x\n', { v2: null, v1: null }],
    ['', { v2: null, v1: null }],
  ])('finds the groups in %j', (text, expected) => {
    expect(parseCgroups(text)).toEqual(expected);
  });

  it.each([
    ['/a/b', ['/a/b', '/a', '/']],
    ['/', ['/']],
    ['/../../a', ['/a', '/']],
  ])('knows which groups limit %s', (group, expected) => {
    expect(withParents(group)).toEqual(expected);
  });
});
