// Manager: starts a cluster process, with the declared sockets as inherited descriptors (protocol/cluster-boot.ts).

import { spawnDetached } from '../platform/daemonize.ts';
import { entryPoint } from '../platform/entry-points.ts';
import type { OwnOutput } from '../platform/own-output.ts';
import { identify, type ProcessIdentity } from '../platform/process-identity.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import { type BootSocket, type ClusterBoot, FIRST_SOCKET_FD } from '../protocol/cluster-boot.ts';

/** Gives null where it ended before it could be looked at. Throws SPAWN_FAILED. */
export type SpawnCluster = (boot: ClusterBoot, sockets: readonly BoundSocket[]) => ProcessIdentity | null;

/** `output`: where stdout and stderr of a cluster process go. */
export function spawnClusterTo(output: Pick<OwnOutput, 'stdio' | 'path'>): SpawnCluster {
  return (boot, sockets) => spawnCluster({ ...boot, output: output.path }, sockets, output.stdio);
}

function spawnCluster(
  boot: ClusterBoot,
  sockets: readonly BoundSocket[],
  output: 'inherit' | number,
): ProcessIdentity | null {
  const { TZ } = process.env;
  const { pid } = spawnDetached({
    file: process.execPath,
    args: [entryPoint('cluster'), JSON.stringify(boot)],
    env: TZ === undefined ? {} : { TZ },
    cwd: '/',
    stdio: ['ignore', output, output, ...sockets.flatMap(({ fd }) => [fd, fd])],
  });
  return identify(pid);
}

/** Where the sockets are in the cluster process. */
export function bootSockets(sockets: readonly BoundSocket[]): readonly BootSocket[] {
  return sockets.map(({ address }, index) => {
    const fd = FIRST_SOCKET_FD + 2 * index;
    return { address, fd, twinFd: fd + 1 };
  });
}
