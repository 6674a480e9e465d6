// A lock held by one process for as long as it lives. It cannot be left behind half-made, and of many processes that
// find the lock of a dead one exactly one gets it.
//
// The lock is a directory with one file, whose name is the holder's identity and a random token:
//
//   take      make `lock.<name>/<name>` aside, then rename that directory to `lock`: the system does so only where
//             `lock` does not exist or is empty, and does it in one step.
//   take over delete `lock/<name of the dead>`, then take. A late racer that saw the same dead holder deletes that
//             name again, which does nothing: it can never delete a fresh lock, because a name is used only once.
//   release   delete `lock/<own name>`; the empty directory is no lock.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileStatus } from './file-status.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { errorCode } from './system-error.ts';

export type Lock =
  | {
      readonly ok: true;
      /** False: somebody has removed it. Nobody else holds it for that, but the next one could. */
      isHeld(): boolean;
      /** Harmless when called again. */
      release(): void;
    }
  | { readonly ok: false; readonly holder: ProcessIdentity };

/** Each round that fails means that another process has taken, released or cleared the lock meanwhile. */
const ROUNDS = 1000;

/** Takes the lock at `path` without waiting. Its directory must exist; a lock of this very process counts as held. */
export function acquireLock(path: string): Lock {
  const own = identify(process.pid);
  if (own === null) throw new Error('Internal error: this process cannot find itself');
  const name = encodeName(own);
  const prepared = `${path}.${name}`;
  mkdirSync(prepared, { mode: 0o700 });
  try {
    writeFileSync(join(prepared, name), '', { mode: 0o600 });
    return take(path, prepared, name);
  } finally {
    rmSync(prepared, { recursive: true, force: true });
  }
}

/** Who holds the lock at `path` now; null: nobody who lives. Changes nothing. */
export function lockHolder(path: string): ProcessIdentity | null {
  if (fileStatus(path)?.isDirectory() !== true) return null;
  const holders = list(path).map(decodeName);
  return holders.find((holder) => holder !== null && isAlive(holder)) ?? null;
}

function take(path: string, prepared: string, name: string): Lock {
  for (let round = 0; round < ROUNDS; round++) {
    if (tryUnless(() => renameSync(prepared, path), 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) {
      sweep(path);
      return { ok: true, isHeld: () => fileStatus(join(path, name)) !== null, release: () => release(path, name) };
    }
    const holder = clearStale(path);
    if (holder !== null) return { ok: false, holder };
  }
  throw new Error(`Internal error: the lock ${path} changed ${ROUNDS} times while it was being taken`);
}

/** Removes what is left of dead holders; gives the living one, if any. */
function clearStale(path: string): ProcessIdentity | null {
  for (const entry of list(path)) {
    const holder = decodeName(entry);
    if (holder !== null && isAlive(holder)) return holder;
    rmSync(join(path, entry), { recursive: true, force: true });
  }
  return null;
}

/** The names in the lock. A file or a link in its place is no lock of ours: it goes (unlink never removes a directory). */
function list(path: string): readonly string[] {
  const found = fileStatus(path);
  if (found === null) return [];
  if (!found.isDirectory()) {
    tryUnless(() => unlinkSync(path), 'ENOENT', 'EISDIR', 'EPERM');
    return [];
  }
  let names: readonly string[] = [];
  tryUnless(() => {
    names = readdirSync(path);
  }, 'ENOENT');
  return names;
}

function release(path: string, name: string): void {
  tryUnless(() => unlinkSync(join(path, name)), 'ENOENT', 'ENOTDIR');
  // Only for tidiness: the next holder may be quicker and have filled it.
  tryUnless(() => rmdirSync(path), 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR');
}

/** Removes what processes prepared that were killed in the midst of taking this lock. */
function sweep(path: string): void {
  const prefix = `${basename(path)}.`;
  for (const entry of readdirSync(dirname(path))) {
    if (!entry.startsWith(prefix)) continue;
    const maker = decodeName(entry.slice(prefix.length));
    if (maker !== null && !isAlive(maker)) rmSync(join(dirname(path), entry), { recursive: true, force: true });
  }
}

/** False where the act failed in one of the expected ways. */
function tryUnless(act: () => void, ...expected: readonly string[]): boolean {
  try {
    act();
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code !== null && expected.includes(code)) return false;
    throw error;
  }
}

/** Older and newer versions read these names: the format must stay. */
function encodeName(holder: ProcessIdentity): string {
  return `${holder.pid}~${encodeURIComponent(holder.startTime)}~${randomBytes(8).toString('hex')}`;
}

function decodeName(name: string): ProcessIdentity | null {
  const found = /^(\d+)~(.*)~[0-9a-f]{16}$/.exec(name);
  const [pid, startTime] = [found?.[1], found?.[2]];
  if (pid === undefined || startTime === undefined) return null;
  try {
    return { pid: Number(pid), startTime: decodeURIComponent(startTime) };
  } catch {
    return null;
  }
}
