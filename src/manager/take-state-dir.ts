// Manager: makes the state directory its own: private, locked against a second manager, with the pid file. The lock is
// held twice, the other time outside of the directory: so it holds although somebody removes the directory.

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import type { KeptFile } from '../platform/file-keeper.ts';
import { fileStatus } from '../platform/file-status.ts';
import { acquireLock, type Lock } from '../platform/lock.ts';
import type { StateLayout } from '../platform/paths.ts';
import { acquirePresence, presencePaths, releasePresence } from '../platform/presence.ts';
import { ensurePrivateDir, regainPrivateDir } from '../platform/private-dir.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';

type HeldLock = Extract<Lock, { readonly ok: true }>;

/** The state directory, taken; `giveBack` ends that. */
export class StateDirHold {
  readonly #layout: StateLayout;
  readonly #presencePath: string;
  #lock: HeldLock;
  /** null: the system gives no place for it. */
  #presence: HeldLock | null;

  /** `complain` is told of what can be done without. Throws STATE_DIR_UNSAFE, STATE_DIR_UNUSABLE or MANAGER_RUNS. */
  constructor(layout: StateLayout, complain: (problem: unknown) => void) {
    this.#layout = layout;
    this.#presencePath = presencePaths(layout.dir).manager;
    for (const dir of this.#dirs) ensurePrivateDir(dir);
    this.#lock = this.#takeLock();
    try {
      this.#presence = this.#takePresence();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    try {
      this.#writePid();
    } catch (error) {
      // A full disk must not keep what runs from being looked after.
      complain(error);
    }
  }

  get files(): readonly KeptFile[] {
    const { dir, managerPid } = this.#layout;
    const dirs = this.#dirs;
    return [
      {
        name: dir,
        isThere: () => dirs.every((path) => fileStatus(path)?.isDirectory() === true),
        putBack: () => dirs.forEach(regainPrivateDir),
      },
      {
        name: 'manager.lock',
        isThere: () => this.#lock.isHeld(),
        putBack: () => {
          this.#lock = this.#takeLock();
        },
      },
      {
        name: this.#presencePath,
        isThere: () => this.#presence?.isHeld() === true,
        putBack: () => {
          this.#presence = this.#takePresence();
        },
      },
      { name: 'manager.pid', isThere: () => fileStatus(managerPid) !== null, putBack: () => this.#writePid() },
    ];
  }

  giveBack(): void {
    rmSync(this.#layout.managerPid, { force: true });
    releasePresence(this.#presencePath, this.#presence);
    this.#lock.release();
  }

  get #dirs(): readonly string[] {
    return [this.#layout.dir, dirname(this.#layout.managerSocket)];
  }

  #takeLock(): HeldLock {
    const lock = acquireLock(this.#layout.managerLock);
    if (!lock.ok) throw runsAlready(this.#layout, lock.holder);
    return lock;
  }

  #takePresence(): HeldLock | null {
    const lock = acquirePresence(this.#presencePath);
    if (lock?.ok === false) throw runsAlready(this.#layout, lock.holder);
    return lock;
  }

  #writePid(): void {
    const { managerPid } = this.#layout;
    // Whoever reads it finds a whole pid, and never that of a manager that is no more.
    const draft = `${managerPid}.${process.pid}`;
    try {
      writeFileSync(draft, `${process.pid}\n`, { mode: 0o600 });
      renameSync(draft, managerPid);
    } catch (error) {
      for (const file of [draft, managerPid]) rmSync(file, { force: true });
      throw error;
    }
  }
}

function runsAlready({ dir }: StateLayout, { pid }: ProcessIdentity): EvenkeelError {
  return new EvenkeelError('MANAGER_RUNS', `a manager runs already (pid ${pid})`, {
    hint: `Its state directory is ${dir}.`,
  });
}
