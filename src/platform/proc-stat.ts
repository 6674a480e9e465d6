// Reads and parses /proc/<pid>/stat (Linux). Everywhere else, and for a process that is gone: null.

import { existsSync, readFileSync } from 'node:fs';
import { errorCode } from './system-error.ts';

export interface ProcStat {
  /** One letter: R, S, D, Z (zombie), T ... */
  readonly state: string;
  /** The pid of the process that leads its session, as every worker does. */
  readonly session: number;
  /** Threads that have not ended yet. */
  readonly threads: number;
  /** User and system time, in clock ticks. */
  readonly cpuTicks: bigint;
  /** Clock ticks from boot to the start of the process. */
  readonly startTicks: string;
}

export const HAS_PROC: boolean = existsSync('/proc/self/stat');

export function readProcStat(pid: number): ProcStat | null {
  const text = readProcFile(`/proc/${pid}/stat`);
  return text === null ? null : parseProcStat(text);
}

/** The text of a file of a process that may end at any moment; any error but "it is gone" is thrown. */
export function readProcFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

/** The second field is the program's name in parentheses, and may itself hold spaces and parentheses. */
export function parseProcStat(text: string): ProcStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // fields[0] is the third field of proc(5).
  const [state, session, userTime, systemTime, threads, startTicks] = [0, 3, 11, 12, 17, 19].map((i) => fields[i]);
  if (state === undefined || userTime === undefined || systemTime === undefined || startTicks === undefined)
    return null;
  const cpuTicks = BigInt(userTime) + BigInt(systemTime);
  return { state, session: Number(session), threads: Number(threads), cpuTicks, startTicks };
}
