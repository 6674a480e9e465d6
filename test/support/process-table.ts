// The processes of this machine, as far as tests need to recognise their own.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  /** The command line, words separated by spaces. */
  readonly command: string;
  /** null where the system does not tell. */
  readonly cwd: string | null;
}

/** Every process that has `folder` in its command line or as its working directory, but not this one; no zombies. */
export function processesOf(folder: string): readonly ProcessEntry[] {
  const entries = process.platform === 'linux' ? readProc() : readPs();
  return entries.filter(
    ({ pid, command, cwd }) =>
      pid !== process.pid && (command.includes(folder) || cwd === folder || cwd?.startsWith(`${folder}/`) === true),
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || !isZombie(pid);
}

/** Ends a process without a chance to react; false where it was gone. */
export function killHard(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function readProc(): ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).flatMap((pid) => {
    try {
      // A zombie has an empty command line.
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return command === '' ? [] : [{ pid, command, cwd: readCwd(pid) }];
    } catch {
      return [];
    }
  });
}

function readCwd(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '');
  } catch {
    return null;
  }
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return true;
  }
}

function readPs(): ProcessEntry[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,stat=,command='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const match = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null || match[2]?.startsWith('Z') === true) return [];
    return [{ pid: Number(match[1]), command: match[3] ?? '', cwd: null }];
  });
}
