// Manager: has the declared sockets back that only orphaned workers hold, after the death of a manager and of the cluster
// process it had started. They serve on; once none of them is left, nobody else could open the port again.

import { type AppSpec, formatAddress, type Milliseconds } from '../core/spec.ts';
import type { ClusterHandle } from './cluster-handle.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { deployDeadline } from './deadlines.ts';
import type { DeclaredSockets } from './declared-sockets.ts';

export interface Regaining {
  readonly handle: ClusterHandle;
  readonly sockets: DeclaredSockets;
  readonly ports: ClusterPorts;
  /** False: the app was stopped meanwhile. */
  isWanted(): boolean;
  complain(problem: unknown): void;
}

const PAUSE: Milliseconds = 500;

/** Ends when the app has its sockets, when it is stopped, or when its cluster process is another one. */
export async function regainSockets(regaining: Regaining, missing: readonly string[]): Promise<void> {
  const { handle, ports, isWanted, complain } = regaining;
  const what = `${missing.join(', ')} cannot be had back while its workers run`;
  complain(`${handle.app}: ${what}; \`evenkeel restart ${handle.app}\``);
  const pid = handle.identity?.pid;
  const isOver = () => !isWanted() || !handle.takesSockets || handle.identity?.pid !== pid;
  while (!isOver()) {
    // While one worker serves there is a port to lose.
    const serves = handle.state === 'online' || handle.state === 'degraded';
    if (!serves && (await handle.queue.run(async () => isOver() || (await regain(regaining))))) return;
    await new Promise<void>((resolve) => {
      ports.clock.setTimer(ports.clock.now() + PAUSE, resolve);
    });
  }
}

/** False: not yet. */
async function regain({ handle, sockets, complain }: Regaining): Promise<boolean> {
  const spec = handle.snapshot?.current?.spec;
  if (spec === undefined) return true;
  const missing = missingIn(spec, handle);
  if (missing.length === 0) return true;
  if (sockets.holdPossible(handle.app, missing).length > 0) return false;
  try {
    const addresses = missing.map(formatAddress);
    for (const socket of sockets.of(handle.app)) {
      if (addresses.includes(socket.address)) await handle.sendSocket(socket);
    }
    // Its workers are in their restart delays, or given up, for the want of these sockets.
    await handle.request('restart', {}, deployDeadline(spec, spec, null));
    await handle.refresh();
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

function missingIn(spec: AppSpec, handle: ClusterHandle): AppSpec['listen'] {
  const held = handle.snapshot?.held ?? [];
  return spec.listen.filter((address) => !held.includes(formatAddress(address)));
}
