// Manager: the effects that it needs to deal with cluster processes.

import type { Socket } from 'node:net';
import type { Milliseconds } from '../core/spec.ts';
import type { Clock } from '../platform/clock.ts';
import type { ReceivedSocket } from '../platform/pass-sockets.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import type { SpawnCluster } from './spawn-cluster.ts';

export interface ClusterPorts {
  readonly clock: Clock;
  readonly spawn: SpawnCluster;
  /** Rejects at the latest after `timeout`. */
  connect(path: string, timeout: Milliseconds): Promise<Socket>;
  /** Cluster processes that live, by app, whether they can be connected to or not. */
  present(): ReadonlyMap<string, ProcessIdentity>;
  /** Of these addresses, the sockets that the cluster process has; they are the caller's from then on. */
  fetchSockets(path: string, addresses: readonly string[], signal: AbortSignal): Promise<readonly ReceivedSocket[]>;
  /** Resolves when the cluster process has asked for them and they are on their way. */
  offerSockets(path: string, sockets: readonly BoundSocket[]): Promise<void>;
  identify(pid: number): ProcessIdentity | null;
  isAlive(identity: ProcessIdentity): boolean;
  /** By SIGSTOP or the like. False where the system does not tell. */
  isStopped(identity: ProcessIdentity): boolean;
  /** SIGKILL, to this very process. */
  kill(identity: ProcessIdentity): void;
  /** True: it has ended. */
  waitForExit(identity: ProcessIdentity, timeout: Milliseconds): Promise<boolean>;
}
