// What the kernel says of a process that claims to be a worker: whose it is, what it leads, and what it was started with.
// What a process says of itself proves nothing. (cluster process)

import { spawnSync } from 'node:child_process';
import { HAS_PROC, readProcFile, readProcStat } from './proc-stat.ts';

/** Whether the process is that user's and nobody else's, and leads a session of its own, as every worker does. */
export function leadsSessionOf(pid: number, uid: number): boolean {
  const facts = HAS_PROC ? factsFromProc(pid) : factsFromPs(pid);
  return facts?.leads === true && facts.uids.length > 0 && facts.uids.every((own) => own === uid);
}

/**
 * A variable that it was started with, whatever it has made of its environment since; null: there is none, or it may not
 * be read. `unseen`: this system shows no environments.
 */
export function startedWith(pid: number, name: string): string | null | 'unseen' {
  if (!HAS_PROC) return 'unseen';
  const entries = readOrNull(`/proc/${pid}/environ`)?.split('\0') ?? [];
  const entry = entries.find((candidate) => candidate.startsWith(`${name}=`));
  return entry === undefined ? null : entry.slice(name.length + 1);
}

interface Facts {
  /** Real, effective, saved: a program that becomes another user, such as sudo, has more than one. */
  readonly uids: readonly number[];
  readonly leads: boolean;
}

function factsFromProc(pid: number): Facts | null {
  const status = readOrNull(`/proc/${pid}/status`);
  const stat = readProcStat(pid);
  return status === null || stat === null ? null : { uids: parseUids(status), leads: stat.session === pid };
}

/** From the text of /proc/PID/status: real, effective, saved, and that of the file system. */
export function parseUids(status: string): readonly number[] {
  const line = /^Uid:((?:\t\d+)+)$/m.exec(status)?.[1];
  return line === undefined ? [] : line.trim().split('\t').map(Number);
}

/** macOS, whose sessions ps does not number: that it leads a process group of its own has to do. */
function factsFromPs(pid: number): Facts | null {
  const ps = spawnSync('ps', ['-o', 'uid=,ruid=,svuid=,pgid=', '-p', String(pid)], { encoding: 'utf8', timeout: 5000 });
  const [uid, ruid, svuid, group] = (ps.stdout ?? '').trim().split(/\s+/).map(Number);
  if (uid === undefined || ruid === undefined || svuid === undefined || group === undefined) return null;
  return { uids: [uid, ruid, svuid], leads: group === pid };
}

/** What may not be read is no proof either. */
function readOrNull(path: string): string | null {
  try {
    return readProcFile(path);
  } catch {
    return null;
  }
}
