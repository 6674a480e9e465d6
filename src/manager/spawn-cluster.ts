// Manager: starts a cluster process, with the declared sockets as inherited descriptors (protocol/cluster-boot.ts), and kills
// one.

import type { ChildProcess } from 'node:child_process';
import { EvenkeelError } from '../core/errors.ts';
import { spawnDetached } from '../platform/daemonize.ts';
import { entryPoint } from '../platform/entry-points.ts';
import type { OwnOutput } from '../platform/own-output.ts';
import { identify, identifyChild, killIdentity, type ProcessIdentity } from '../platform/process-identity.ts';
import { SMALL_HEAP } from '../platform/small-heap.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import { type BootSocket, type ClusterBoot, FIRST_SOCKET_FD } from '../protocol/cluster-boot.ts';

/** Gives null where it ended before it could be looked at. Throws SPAWN_FAILED; then nothing is left of it. */
export type SpawnCluster = (boot: ClusterBoot, sockets: readonly BoundSocket[]) => ProcessIdentity | null;

export interface ClusterSpawner {
  readonly spawn: SpawnCluster;
  /** SIGKILL, to this very process. */
  kill(identity: ProcessIdentity): void;
}

/** `output`: where stdout and stderr of a cluster process go. */
export function clusterSpawner(output: Pick<OwnOutput, 'stdio' | 'path'>, look = identify): ClusterSpawner {
  const children = new Map<number, ChildProcess>();
  return {
    spawn(boot, sockets) {
      const child = spawnCluster({ ...boot, output: output.path }, sockets, output.stdio);
      const { pid } = child;
      children.set(pid, child.child);
      child.child.once('exit', () => children.delete(pid));
      try {
        return identifyChild(child.child, look);
      } catch (cause) {
        const message = `a cluster process was started and cannot be looked at: ${String(cause)}`;
        const hint = 'Check that the limit on open files is not reached.';
        throw new EvenkeelError('SPAWN_FAILED', message, { hint, cause });
      }
    },
    kill(identity) {
      // Its pid is its own for as long as it has not told its exit, and to look would take a descriptor.
      const child = children.get(identity.pid);
      if (child === undefined) killIdentity(identity, 'SIGKILL');
      else child.kill('SIGKILL');
    },
  };
}

function spawnCluster(
  boot: ClusterBoot,
  sockets: readonly BoundSocket[],
  output: 'inherit' | number,
): ReturnType<typeof spawnDetached> {
  const { TZ } = process.env;
  return spawnDetached({
    file: process.execPath,
    args: [...SMALL_HEAP, entryPoint('cluster'), JSON.stringify(boot)],
    env: TZ === undefined ? {} : { TZ },
    cwd: '/',
    stdio: ['ignore', output, output, ...sockets.flatMap(({ fd }) => [fd, fd])],
  });
}

/** Where the sockets are in the cluster process. */
export function bootSockets(sockets: readonly BoundSocket[]): readonly BootSocket[] {
  return sockets.map(({ address }, index) => {
    const fd = FIRST_SOCKET_FD + 2 * index;
    return { address, fd, twinFd: fd + 1 };
  });
}
