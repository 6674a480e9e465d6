// Manager: takes an app down: its workers drain, its cluster process goes, its sockets are let go.

import type { Milliseconds } from '../core/spec.ts';
import { removeSocketFile } from '../platform/sockets.ts';
import { stopDeadline } from './deadlines.ts';
import type { Fleet } from './fleet.ts';
import { isLoss } from './link-client.ts';
import { releaseSockets } from './release-sockets.ts';

export interface TakenDown {
  /** Workers that did not end by themselves. */
  readonly killed: number;
}

/** In the app's lane. */
export async function takeDown(fleet: Fleet, name: string, timeout: Milliseconds | null): Promise<TakenDown> {
  const handle = fleet.handle(name);
  const spec = fleet.runningSpec(name);
  const deadline = stopDeadline(spec, timeout);
  await noteStopped(fleet, name);
  await fleet.keeper.release(name);
  // Lost, and not brought back yet: only a successor can stop the workers it left.
  const wasLost = fleet.hasLeftWorkers(name) || fleet.state.app(name).cluster !== null;
  if (!handle.isUp && wasLost) await fleet.startCluster(name);
  const result = handle.isUp ? await stopSurely(fleet, name, timeout, deadline) : { killed: 0 };
  releaseSockets(fleet, name);
  const { listen } = spec ?? handle.snapshot?.current?.spec ?? { listen: [] };
  for (const address of listen) if (!fleet.sockets.isHeld(address)) removeSocketFile(address);
  return result;
}

/**
 * Beside what goes on in the app's lane: every request to the cluster process ends with the stop, and tells how. Nothing
 * is aborted first, for an abort may cut what a stop lets finish. null: nothing ran that could be stopped; what comes of
 * what goes on is for `takeDown`.
 */
export async function hastenEnd(fleet: Fleet, name: string, timeout: Milliseconds | null): Promise<TakenDown | null> {
  const handle = fleet.handle(name);
  const deadline = stopDeadline(fleet.runningSpec(name), timeout);
  await noteStopped(fleet, name);
  if (!handle.isUp) return null;
  try {
    return await handle.stop(timeout, deadline);
  } catch {
    // What goes on must not wait for an answer that does not come.
    await handle.abandon();
    return { killed: 0 };
  }
}

/** The next manager must not bring back what is being stopped. */
async function noteStopped(fleet: Fleet, name: string): Promise<void> {
  fleet.state.update(name, { wanted: false });
  await fleet.state.flush();
}

async function stopSurely(
  fleet: Fleet,
  name: string,
  timeout: Milliseconds | null,
  deadline: Milliseconds,
): Promise<TakenDown> {
  const handle = fleet.handle(name);
  try {
    return await handle.stop(timeout, deadline);
  } catch (error) {
    if (!isLoss(error)) throw error;
    // It died or hangs in the midst of it.
    await handle.abandon();
    await fleet.startCluster(name);
    return await handle.stop(timeout, deadline);
  }
}
