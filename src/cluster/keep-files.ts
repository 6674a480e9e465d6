// Puts back the files by which a manager and orphaned workers find this process, when somebody removes them while it
// runs. The state directory itself is the manager's to put back. (cluster process)

import { dirname } from 'node:path';
import { systemClock } from '../platform/clock.ts';
import { FileKeeper, type KeptFile } from '../platform/file-keeper.ts';
import { fileStatus } from '../platform/file-status.ts';
import type { Lock } from '../platform/lock.ts';
import { acquirePresence, releasePresence } from '../platform/presence.ts';
import { regainPrivateDir } from '../platform/private-dir.ts';
import type { UnixListener } from '../platform/unix-server.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';

export interface KeptParts {
  /** cluster.sock. */
  readonly link: UnixListener;
  /** agents.sock; null while there is nobody to connect. */
  agents(): UnixListener | null;
  /** Has cluster.json written. */
  save(): void;
  /** Whether there is something to be written down. */
  hasState(): boolean;
  complain(problem: unknown): void;
}

/** Gives the way to end it, and with it the presence of this process. */
export function keepFiles(boot: ClusterBoot, parts: KeptParts): () => void {
  const presence = new Presence(boot.presence);
  const keeper = new FileKeeper({
    clock: systemClock,
    files: () => keptFiles(boot, parts, presence),
    // apps/<name> in the state directory: without that, it is not known whether anything is to be found here again.
    mayPutBack: () => fileStatus(dirname(dirname(boot.appDir)))?.isDirectory() === true,
    onPutBack: (names) => parts.complain(`missing while the cluster process ran, and put back: ${names.join(', ')}`),
    onProblem: parts.complain,
  });
  return () => {
    void keeper.close();
    presence.release();
  };
}

function keptFiles(boot: ClusterBoot, parts: KeptParts, presence: Presence): readonly KeptFile[] {
  const dirs = [boot.appDir, dirname(boot.socket), dirname(boot.agentsSocket)];
  const agents = parts.agents();
  return [
    presence,
    {
      name: boot.appDir,
      isThere: () => dirs.every((path) => fileStatus(path)?.isDirectory() === true),
      putBack: () => dirs.forEach(regainPrivateDir),
    },
    socketFile('cluster.sock', parts.link),
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
