// The processes of this machine, as far as tests need to recognise their own.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  /** The command line, words separated by spaces. */
  readonly command: string;
  /** Its working directory and where its output goes, where the system tells. */
  readonly places: readonly string[];
}

/** Every process that has to do with `folder`: by its command line, working directory or output. Not this one, no zombies. */
export function processesOf(folder: string): readonly ProcessEntry[] {
  const entries = process.platform === 'linux' ? readProc() : readPs();
  return entries.filter(
    ({ pid, command, places }) =>
      pid !== process.pid && (command.includes(folder) || places.some((place) => isWithin(place, folder))),
  );
}

function isWithin(place: string, folder: string): boolean {
  return place === folder || place.startsWith(`${folder}/`);
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

/** Memory that is this process's alone. Linux. */
export function privateBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const parts = [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)];
  return parts.reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
}

function readProc(): ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).flatMap((pid) => {
    try {
      // A zombie has an empty command line.
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return command === ''
        ? []
        : [{ pid, command, places: ['cwd', 'fd/1', 'fd/2'].map((link) => readLink(`/proc/${pid}/${link}`)) }];
    } catch {
      return [];
    }
  });
}

function readLink(path: string): string {
  try {
    return readlinkSync(path).replace(/ \(deleted\)$/, '');
  } catch {
    return '';
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
    return [{ pid: Number(match[1]), command: match[3] ?? '', places: [] }];
  });
}
