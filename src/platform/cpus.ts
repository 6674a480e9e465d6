// How many CPUs this process may use: affinity (which Node counts) and the quota of its control group (which it may not).

import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { readProcFile } from './proc-stat.ts';

/** At least 1; a quota of 1.5 CPUs counts as 1. */
export function availableCpus(): number {
  return cpuCount(availableParallelism(), quotas());
}

/** `quotas`: in CPUs, of every group that this process is in. */
export function cpuCount(parallelism: number, quotas: readonly number[]): number {
  return Math.max(1, Math.floor(Math.min(parallelism, ...quotas)));
}

/** cgroup v2 `cpu.max`: "max 100000" or "150000 100000", in microseconds. Null: no limit. */
export function parseCpuMax(text: string): number | null {
  const [quota, period] = text.trim().split(/\s+/);
  return ratio(quota, period);
}

/** cgroup v1: a quota of -1 is none. */
export function parseCfsQuota(quota: string, period: string): number | null {
  return ratio(quota.trim(), period.trim());
}

/** The groups of this process, from /proc/self/cgroup: "0::/path" (v2) and "4:cpu,cpuacct:/path" (v1). */
export function parseCgroups(text: string): { readonly v2: string | null; readonly v1: string | null } {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const groupWith = (matches: (controllers: string) => boolean): string | null =>
    lines.find((line) => line?.[1] !== undefined && matches(line[1]))?.[2] ?? null;
  return {
    v2: groupWith((controllers) => controllers === ''),
    v1: groupWith((controllers) => controllers.split(',').includes('cpu')),
  };
}

/** A group and those above it: each limits. The path may be the host's; then only "/" is found in a container. */
export function withParents(group: string): string[] {
  const normal = posix.normalize(group);
  return normal === '/' || !normal.startsWith('/') ? ['/'] : [normal, ...withParents(posix.dirname(normal))];
}

function ratio(quota: string | undefined, period: string | undefined): number | null {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : null;
}

function quotas(): number[] {
  const text = read('/proc/self/cgroup');
  if (text === null) return [];
  const { v2, v1 } = parseCgroups(text);
  const found = [
    ...(v2 === null ? [] : withParents(v2).map((group) => parseCpuMax(read(`/sys/fs/cgroup${group}/cpu.max`) ?? ''))),
    ...(v1 === null ? [] : withParents(v1).map(quotaV1)),
  ];
  return found.filter((quota) => quota !== null);
}

function quotaV1(group: string): number | null {
  const folder = `/sys/fs/cgroup/cpu${group}`;
  return parseCfsQuota(read(`${folder}/cpu.cfs_quota_us`) ?? '', read(`${folder}/cpu.cfs_period_us`) ?? '');
}

/** A limit that cannot be read is none. */
function read(path: string): string | null {
  try {
    return readProcFile(path);
  } catch {
    return null;
  }
}
