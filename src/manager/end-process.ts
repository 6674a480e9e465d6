// Manager: ends a cluster process that cannot be asked to. Its workers serve on.

import type { Milliseconds } from '../core/spec.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { ClusterPorts } from './cluster-ports.ts';

const KILL_TIMEOUT: Milliseconds = 5_000;

/** Resolves when it is gone. */
export async function endProcess(identity: ProcessIdentity, ports: ClusterPorts): Promise<void> {
  ports.kill(identity);
  await ports.waitForExit(identity, KILL_TIMEOUT);
}
