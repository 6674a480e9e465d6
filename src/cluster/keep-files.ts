// Puts back the files by which a manager and orphaned workers find this process, when somebody removes them while it
// runs. The state directory itself is the manager's to put back. (cluster process)
//
// A process that wakes up costs a millisecond, whatever it does then, and there is one for each app. So where there is a
// manager, this one looks when the manager asks whether it still answers, which it does sooner where it misses a file.

import { dirname } from 'node:path';
import type { Milliseconds } from '../core/spec.ts';
import { systemClock } from '../platform/clock.ts';
import { FileKeeper, type KeptFile } from '../platform/file-keeper.ts';
import { fileStatus } from '../platform/file-status.ts';
import type { Lock } from '../platform/lock.ts';
import { acquirePresence, releasePresence } from '../platform/presence.ts';
import { regainPrivateDir } from '../platform/private-dir.ts';
import type { UnixListener } from '../platform/unix-server.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';
import type { LinkConnection } from './link-server.ts';

/** While nobody else would notice. */
const ALONE: Milliseconds = 2_000;
/** Longer than from one question of a manager to the next. */
const MANAGED: Milliseconds = 300_000;

export interface KeptParts {
  /** cluster.sock; null before it is there. */
  link(): UnixListener | null;
  /** agents.sock; null while there is nobody to connect. */
  agents(): UnixListener | null;
  /** Has cluster.json written. */
  save(): void;
  /** Whether there is something to be written down. */
  hasState(): boolean;
  complain(problem: unknown): void;
}

export class ClusterFiles {
  readonly #presence: Presence;
  readonly #keeper: FileKeeper;
  readonly #managers = new Set<LinkConnection>();

  constructor(boot: ClusterBoot, parts: KeptParts) {
    const presence = new Presence(boot.presence);
    this.#presence = presence;
    this.#keeper = new FileKeeper({
      clock: systemClock,
      interval: () => (this.#managers.size > 0 ? MANAGED : ALONE),
      files: () => keptFiles(boot, parts, presence),
      // apps/<name> in the state directory: without that, it is not known whether anything is to be found here again.
      mayPutBack: () => fileStatus(dirname(dirname(boot.appDir)))?.isDirectory() === true,
      onPutBack: (names) => parts.complain(`missing while the cluster process ran, and put back: ${names.join(', ')}`),
      onProblem: parts.complain,
    });
  }

  /** For as long as the connection is there. May be told more than once. */
  noteManager(connection: LinkConnection): void {
    if (this.#managers.has(connection)) return;
    this.#managers.add(connection);
    connection.onClose(() => {
      this.#managers.delete(connection);
      this.#keeper.look();
    });
  }

  look(): void {
    this.#keeper.look();
  }

  /** Ends the presence of this process as well. */
  close(): void {
    void this.#keeper.close();
    this.#presence.release();
  }
}

function keptFiles(boot: ClusterBoot, parts: KeptParts, presence: Presence): readonly KeptFile[] {
  const dirs = [boot.appDir, dirname(boot.socket), dirname(boot.agentsSocket)];
  const [link, agents] = [parts.link(), parts.agents()];
  return [
    presence,
    {
      name: boot.appDir,
      isThere: () => dirs.every((path) => fileStatus(path)?.isDirectory() === true),
      putBack: () => dirs.forEach(regainPrivateDir),
    },
    ...(link === null ? [] : [socketFile('cluster.sock', link)]),
    ...(agents === null ? [] : [socketFile('agents.sock', agents)]),
    {
      name: 'cluster.json',
      isThere: () => !parts.hasState() || fileStatus(boot.stateFile) !== null,
      putBack: () => parts.save(),
    },
  ];
}

function socketFile(name: string, listener: UnixListener): KeptFile {
  return { name, isThere: () => listener.isThere, putBack: () => listener.putBack() };
}

/** This process says that it lives. Where another one says so already, or the system gives no place for it, it does not. */
class Presence implements KeptFile {
  readonly name: string;
  #lock: Lock | null = null;

  constructor(path: string) {
    this.name = path;
    this.putBack();
  }

  isThere(): boolean {
    return this.#lock?.ok === true && this.#lock.isHeld();
  }

  putBack(): void {
    this.#lock = acquirePresence(this.name);
  }

  release(): void {
    releasePresence(this.name, this.#lock);
  }
}
