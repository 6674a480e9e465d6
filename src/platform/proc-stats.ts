// Memory and CPU time of a process, where the system tells without a child process (Linux); else null.

import { HAS_PROC, readProcFile, readProcStat } from './proc-stat.ts';

/** Linux shows times to programs in hundredths of a second on every architecture that Node supports. */
const MICROS_PER_TICK = 10_000n;

/** Resident memory in bytes. */
export function rssOf(pid: number): number | null {
  const status = HAS_PROC ? unlessFailed(() => readProcFile(`/proc/${pid}/status`)) : null;
  return status === null ? null : parseRss(status);
}

/** User and system time since the start, in microseconds. */
export function cpuMicrosOf(pid: number): number | null {
  const stat = HAS_PROC ? unlessFailed(() => readProcStat(pid)) : null;
  return stat === null ? null : Number(stat.cpuTicks * MICROS_PER_TICK);
}

/** A figure that cannot be had now (no descriptor is free) is no reason to fail. */
function unlessFailed<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Null for a zombie, which has no memory. */
export function parseRss(status: string): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
