// Manager: makes the state directory its own: private, locked against a second manager, with the pid file.

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { acquireLock } from '../platform/lock.ts';
import type { StateLayout } from '../platform/paths.ts';
import { ensurePrivateDir } from '../platform/private-dir.ts';

/**
 * Returns the way to give it back. `complain` is told of what can be done without. Throws STATE_DIR_UNSAFE,
 * STATE_DIR_UNUSABLE or MANAGER_RUNS.
 */
export function takeStateDir(layout: StateLayout, complain: (problem: unknown) => void): () => void {
  ensurePrivateDir(layout.dir);
  ensurePrivateDir(dirname(layout.managerSocket));
  const lock = acquireLock(layout.managerLock);
  if (!lock.ok) {
    throw new EvenkeelError('MANAGER_RUNS', `a manager runs already (pid ${lock.holder.pid})`, {
      hint: `Its state directory is ${layout.dir}.`,
    });
  }
  // Whoever reads it finds a whole pid, and never that of a manager that is no more.
  const draft = `${layout.managerPid}.${process.pid}`;
  try {
    writeFileSync(draft, `${process.pid}\n`, { mode: 0o600 });
    renameSync(draft, layout.managerPid);
  } catch (error) {
    // A full disk must not keep what runs from being looked after.
    for (const file of [draft, layout.managerPid]) rmSync(file, { force: true });
    complain(error);
  }
  return () => {
    rmSync(layout.managerPid, { force: true });
    lock.release();
  };
}
