// Whether root may write a log here: where another user may change the folder, or one above it, that user can have the
// file lead elsewhere. (Cluster process.)

import type { Stats } from 'node:fs';
import { lstat, mkdir, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemErrorCode } from './system-error-code.ts';

/** Who may change folders that root writes in: ids of users and of groups. */
export interface Trusted {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
}

export interface FileAccess {
  /** That may read the files; null: the group of this process. */
  readonly group: number | null;
  /** Who may change the folders that they are in; null: whoever can. */
  readonly trusted: Trusted | null;
}

export function isSameAccess(one: Partial<FileAccess>, other: Partial<FileAccess>): boolean {
  return JSON.stringify([one.group, one.trusted]) === JSON.stringify([other.group, other.trusted]);
}

/**
 * Why the file cannot be written where it is to be; null: it can. Makes the folders that are missing. `trusted` null: it is
 * not looked at.
 */
export async function placeFault(path: string, trusted: Trusted | null): Promise<Error | null> {
  if (trusted === null) return null;
  try {
    await requireSafePlace(path, trusted);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** As the system, which follows so many and no more. */
const MOST_LINKS = 40;
const STICKY = 0o1000;

/** Throws where anybody else could exchange the file, or has. */
async function requireSafePlace(path: string, trusted: Trusted): Promise<void> {
  await walk(dirname(path), trusted);
  const found = await factsOf(path);
  if (found === null) return;
  if (found.isSymbolicLink()) throw unsafe(path, 'it is a symbolic link');
  if (found.isFile() && found.nlink > 1) throw unsafe(path, 'the file has another name as well');
}

/** Step by step from the root: what was looked at can no longer be exchanged by those that are not trusted. */
async function walk(folder: string, trusted: Trusted): Promise<void> {
  let steps = stepsOf(folder);
  let links = 0;
  for (let at = '/', step = steps.shift(); step !== undefined; step = steps.shift()) {
    const next = join(at, step);
    const found = (await factsOf(next)) ?? (await make(next));
    if (found.isSymbolicLink()) {
      links += 1;
      if (links > MOST_LINKS) throw unsafe(folder, 'it leads over too many symbolic links');
      if (!trusted.uids.includes(found.uid)) throw unsafe(next, `it is a symbolic link of user id ${found.uid}`);
      steps = [...stepsOf(resolve(at, await readlink(next))), ...steps];
      at = '/';
      continue;
    }
    const fault = faultOf(found, trusted, steps.length === 0);
    if (fault !== null) throw unsafe(next, fault);
    at = next;
  }
}

/** `isLast`: what the sticky bit protects is there already, and a log file may not be. */
function faultOf({ uid, gid, mode }: Stats, trusted: Trusted, isLast: boolean): string | null {
  if (!trusted.uids.includes(uid)) return `the folder belongs to user id ${uid}`;
  if ((mode & STICKY) !== 0 && !isLast) return null;
  if ((mode & 0o002) !== 0) return 'anybody may change the folder';
  const groupMay = (mode & 0o020) !== 0 && !trusted.gids.includes(gid);
  return groupMay ? `group id ${gid} may change the folder` : null;
}

function stepsOf(folder: string): string[] {
  return folder.split('/').filter((step) => step !== '');
}

async function make(folder: string): Promise<Stats> {
  await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  });
  return lstat(folder);
}

async function factsOf(path: string): Promise<Stats | null> {
  return lstat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  });
}

function unsafe(path: string, fault: string): Error {
  return new Error(`${path} is not safe for root to write to: ${fault}`);
}
