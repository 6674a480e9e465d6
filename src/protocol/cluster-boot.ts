// How the manager starts a cluster process: argv[2] is a ClusterBoot as JSON; declared sockets are inherited as file
// descriptors, and the manager connects to `socket` as soon as that is there (it tries for CLUSTER_BOOT_TIMEOUT).
//
//   fd 0 ignored · 1, 2 the manager's own streams · 3, 4 first address · 5, 6 second ...
//
// Environment: TZ where the manager has it, and nothing else. Working directory: /.
//
// Each address is there twice, as two descriptors of one bound socket that nobody listens on yet. `fd` is for the
// workers: never wrapped. `twinFd` is for the cluster process, which calls listen(2) on it once and never accepts, so
// that connections queue from the start.

import type { Milliseconds } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';

export interface ClusterBoot {
  readonly app: string;
  /** The name of the ecosystem, for `ps`; null: the config could not be read. */
  readonly ecosystem?: string | null;
  /** Absolute path, 0700; everything below is in it, except for sockets whose path would be too long. */
  readonly appDir: string;
  /** Absolute path of cluster.json. */
  readonly stateFile: string;
  /** Absolute path of cluster.sock, where managers connect. */
  readonly socket: string;
  /** Absolute path of agents.sock, where workers that a predecessor forked connect; there as long as the process lives. */
  readonly agentsSocket: string;
  /** Absolute path of the lock, outside of the state directory, by which it is known that the process lives. */
  readonly presence: string;
  /** Absolute path of the config: who may write it may do all that we do. Absent: an earlier manager. */
  readonly config?: string;
  /** Absolute path of the agent (main.cjs) to preload into Node workers. */
  readonly agent: string;
  /** Version of evenkeel. */
  readonly evenkeel: string;
  /** The highest generation the manager has seen: the next one is above it, even when cluster.json was lost. */
  readonly generation: Generation;
  readonly sockets: readonly BootSocket[];
  /** Absolute path of manager.out, which it prints to. Absent or null: it prints to its own streams. */
  readonly output?: string | null;
}

export interface BootSocket {
  /** formatAddress of the declared address. */
  readonly address: string;
  readonly fd: number;
  readonly twinFd: number;
}

/** The first descriptor after stdin, stdout and stderr. */
export const FIRST_SOCKET_FD = 3;

/** From spawn to the answer of `hello`. */
export const CLUSTER_BOOT_TIMEOUT: Milliseconds = 15_000;
