// Manager: starts a cluster process, with the declared sockets as inherited descriptors (protocol/cluster-boot.ts).

import { spawnDetached } from '../platform/daemonize.ts';
import { entryPoint } from '../platform/entry-points.ts';
import { sendHandle } from '../platform/node-handles.ts';
import { identify, type ProcessIdentity } from '../platform/process-identity.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import { type BootSocket, type ClusterBoot, FIRST_SOCKET_FD } from '../protocol/cluster-boot.ts';
import type { SocketMessage } from '../protocol/cluster-link.ts';

export interface SpawnedCluster {
  /** null: it ended before it could be looked at. */
  readonly identity: ProcessIdentity | null;
  /** Passes on a socket that was bound after the start. */
  sendSocket(socket: BoundSocket): Promise<void>;
}

export type SpawnCluster = (boot: ClusterBoot, sockets: readonly BoundSocket[]) => SpawnedCluster;

/** `output`: where stdout and stderr of a cluster process go. It throws SPAWN_FAILED. */
export function spawnClusterTo(output: { readonly stdio: 'inherit' | number }): SpawnCluster {
  return (boot, sockets) => spawnCluster(boot, sockets, output.stdio);
}

function spawnCluster(boot: ClusterBoot, sockets: readonly BoundSocket[], output: 'inherit' | number): SpawnedCluster {
  const { TZ } = process.env;
  const { pid, child } = spawnDetached({
    file: process.execPath,
    args: [entryPoint('cluster'), JSON.stringify(boot)],
    env: TZ === undefined ? {} : { TZ },
    cwd: '/',
    stdio: ['ignore', output, output, ...sockets.flatMap(({ fd }) => [fd, fd])],
    ipc: true,
  });
  return {
    identity: identify(pid),
    sendSocket(socket) {
      const message: SocketMessage = { evenkeel: 'socket', address: socket.address };
      return sendHandle(child, message, socket.handle);
    },
  };
}

/** Where the sockets are in the cluster process. */
export function bootSockets(sockets: readonly BoundSocket[]): readonly BootSocket[] {
  return sockets.map(({ address }, index) => {
    const fd = FIRST_SOCKET_FD + 2 * index;
    return { address, fd, twinFd: fd + 1 };
  });
}
