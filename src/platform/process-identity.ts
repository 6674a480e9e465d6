// Names a process beyond its pid: pids are used again, a pid with its start time is not. Everything that signals or
// waits for a process which is not a child of ours goes through here.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HAS_PROC, type ProcStat, readProcStat } from './proc-stat.ts';
import { errorCode } from './system-error.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process of the same boot of the machine. */
  readonly startTime: string;
}

interface Occupant {
  readonly startTime: string;
  /** Has ended, but its parent has not taken note yet. */
  readonly zombie: boolean;
}

/** The identity of the process that has this pid now; null where none runs. */
export function identify(pid: number): ProcessIdentity | null {
  const occupant = occupantOf(pid);
  return occupant === null || occupant.zombie ? null : { pid, startTime: occupant.startTime };
}

/**
 * The identity of a child that was just started; null: it was not, or has ended. Throws where that cannot be looked up, for
 * want of a descriptor perhaps; then the child is killed, since nobody could find it again.
 */
export function identifyChild(
  child: { readonly pid?: number | undefined; kill(signal: 'SIGKILL'): boolean },
  look = identify,
): ProcessIdentity | null {
  if (child.pid === undefined) return null;
  try {
    return look(child.pid);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Whether that very process still runs. A zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/** By SIGSTOP or the like. False where the system does not tell, also for want of a descriptor to read it from. */
export function isStopped({ pid }: ProcessIdentity): boolean {
  try {
    return readProcStat(pid)?.state === 'T';
  } catch {
    return false;
  }
}

/**
 * Sends a signal to that very process, never to another one that has its pid by now. False: it was gone, or the signal
 * was not permitted. `group`: to its process group; that also reaches what outlives a leader that has ended, for its
 * number is not given away while the group lives.
 */
export function killIdentity(
  identity: ProcessIdentity,
  signal: string,
  options: { readonly group?: boolean } = {},
): boolean {
  const occupant = occupantOf(identity.pid);
  const same = occupant !== null && occupant.startTime === identity.startTime;
  const allowed = options.group === true ? occupant === null || same : same && !occupant.zombie;
  return allowed && sendSignal(options.group === true ? -identity.pid : identity.pid, signal);
}

/** Waits at most `timeoutMs`. True: it has ended. For processes that are not children of ours; those tell by themselves. */
export async function waitForExit(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  for (let pause = 2; isAlive(identity); pause = Math.min(pause * 2, 100)) {
    const left = until - performance.now();
    if (left <= 0) return false;
    await sleep(Math.min(pause, left));
  }
  return true;
}

/** `target`: a pid or, negative, a process group. False: nobody is there, or it was not permitted. */
export function sendSignal(target: number, signal: string): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

function occupantOf(pid: number): Occupant | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return HAS_PROC ? occupantFromProc(pid) : occupantFromPs(pid);
}

function occupantFromProc(pid: number): Occupant | null {
  const stat = readProcStat(pid);
  if (stat === null) return null;
  return { startTime: `${bootId()}:${stat.startTicks}`, zombie: isZombie(stat) };
}

/** The state is that of the first thread, and a process has its sockets and files open until the last one has ended. */
function isZombie({ state, threads }: ProcStat): boolean {
  return (state === 'Z' || state === 'X') && threads <= 1;
}

let knownBootId: string | null = null;

/** Ticks count from boot: without it, a process of the boot before could pass for one of this boot. */
function bootId(): string {
  if (knownBootId === null) {
    try {
      knownBootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch {
      // Some sandboxes hide it; the start time alone must do.
      knownBootId = '';
    }
  }
  return knownBootId;
}

/** macOS. The times that ps prints depend on zone and language. */
function occupantFromPs(pid: number): Occupant | null {
  const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', env, timeout: 5000 });
  if (ps.error !== undefined) throw ps.error;
  return parsePs(ps.stdout);
}

/** One line such as "Ss   Thu Nov 21 04:02:11 2024". */
export function parsePs(output: string): Occupant | null {
  const found = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(output);
  const [state, started] = [found?.[1], found?.[2]];
  if (state === undefined || started === undefined) return null;
  return { startTime: started.replace(/\s+/g, ' '), zombie: state.startsWith('Z') };
}
