// Says that the processes of a state directory live, outside of it: whoever removes the directory does not hide them.
// They are locks below the user's own directory in /tmp, like the pointers of registry.ts. Where that cannot be used,
// there are none, and the state directory alone must do.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, realpathSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { acquireLock, type Lock, lockHolder } from './lock.ts';
import { stateLayout, userDir } from './paths.ts';
import { ensurePrivateDir } from './private-dir.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Paths of locks, for acquirePresence. */
export interface PresencePaths {
  readonly manager: string;
  app(name: string): string;
}

export function presencePaths(stateDir: string): PresencePaths {
  const dir = presenceDir(stateDir);
  return { manager: join(dir, 'manager'), app: (name) => join(dir, 'apps', name, 'cluster') };
}

/** Everything that is known of a state directory. */
export function presenceDir(stateDir: string): string {
  const name = createHash('sha256').update(canonicalPath(stateDir)).digest('hex').slice(0, 32);
  return join(presenceRoot(), name);
}

function presenceRoot(): string {
  return join(userDir(), 'by-state');
}

export function presentManager(stateDir: string): ProcessIdentity | null {
  return lockHolder(presencePaths(stateDir).manager);
}

/** The cluster processes that live, by app. */
export function presentClusters(stateDir: string): ReadonlyMap<string, ProcessIdentity> {
  const paths = presencePaths(stateDir);
  const found = new Map<string, ProcessIdentity>();
  for (const name of namesIn(join(presenceDir(stateDir), 'apps'))) {
    const holder = lockHolder(paths.app(name));
    if (holder !== null) found.set(name, holder);
  }
  return found;
}

/** Whether a manager has ever kept something of apps there, or runs some still. */
export function wasUsed(stateDir: string): boolean {
  const { stateFile, apps } = stateLayout(stateDir);
  return existsSync(stateFile) || existsSync(apps) || presentClusters(stateDir).size > 0;
}

/** null: this system gives no place for it. */
export function acquirePresence(path: string): Lock | null {
  try {
    ensurePrivateDir(userDir());
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return acquireLock(path);
  } catch {
    return null;
  }
}

export function releasePresence(path: string, lock: Lock | null): void {
  if (lock?.ok) lock.release();
  // What was made for it, as far as it is empty.
  for (let dir = dirname(path); dir !== presenceRoot() && removeEmpty(dir); ) dir = dirname(dir);
}

/** Of a directory that may be gone, with the symbolic links of what is left of its path resolved. */
function canonicalPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === dirname(path) ? path : join(canonicalPath(dirname(path)), basename(path));
  }
}

function removeEmpty(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
