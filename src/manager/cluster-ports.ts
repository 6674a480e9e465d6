// Manager: the effects that it needs to deal with cluster processes.

import type { Socket } from 'node:net';
import type { Milliseconds } from '../core/spec.ts';
import type { Clock } from '../platform/clock.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { SpawnCluster } from './spawn-cluster.ts';

export interface ClusterPorts {
  readonly clock: Clock;
  readonly spawn: SpawnCluster;
  /** Rejects at the latest after `timeout`. */
  connect(path: string, timeout: Milliseconds): Promise<Socket>;
  /** Cluster processes that live, by app, whether they can be connected to or not. */
  present(): ReadonlyMap<string, ProcessIdentity>;
  identify(pid: number): ProcessIdentity | null;
  isAlive(identity: ProcessIdentity): boolean;
  /** SIGKILL, to this very process. */
  kill(identity: ProcessIdentity): void;
  /** True: it has ended. */
  waitForExit(identity: ProcessIdentity, timeout: Milliseconds): Promise<boolean>;
}
