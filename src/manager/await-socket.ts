// Manager: connects to a cluster process, if need be as soon as it takes connections: one that was just started, or one
// whose socket was removed and that will put it back.

import type { Socket } from 'node:net';
import type { Milliseconds } from '../core/spec.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { QUICK } from './deadlines.ts';
import { pause } from './pause.ts';

const PAUSE: Milliseconds = 20;

/** `known`: the process that runs, as far as is known. Throws where there is none, or it takes no connection in time. */
export function reachSocket(path: string, known: ProcessIdentity | null, ports: ClusterPorts): Promise<Socket> {
  return known === null ? ports.connect(path, QUICK) : awaitSocket(path, known, ports, QUICK);
}

/** Throws when the process ends before, or takes none within `timeout`. */
export async function awaitSocket(
  path: string,
  identity: ProcessIdentity,
  ports: ClusterPorts,
  timeout: Milliseconds,
): Promise<Socket> {
  const { clock } = ports;
  const until = clock.now() + timeout;
  for (;;) {
    try {
      return await ports.connect(path, QUICK);
    } catch (error) {
      if (!ports.isAlive(identity)) throw new Error('it ended before it could be asked', { cause: error });
      if (clock.now() > until) throw error;
    }
    await pause(clock, PAUSE);
  }
}
