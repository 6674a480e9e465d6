// Manager: takes an app down: its workers drain, its cluster process goes, its sockets are let go.

import type { Milliseconds } from '../core/spec.ts';
import { type AppRecord, type Restart, UNWANTED } from '../platform/manager-record.ts';
import { removeSocketFile } from '../platform/sockets.ts';
import type { TakenDown } from './cluster-owner.ts';
import { stopDeadline } from './deadlines.ts';
import type { Fleet } from './fleet.ts';
import { releaseSockets } from './release-sockets.ts';

/** In the app's lane. `restarting`: it is to be started again, and is meant to run all the time. */
export async function takeDown(
  fleet: Fleet,
  name: string,
  timeout: Milliseconds | null,
  restarting: Restart | null = null,
): Promise<TakenDown> {
  const handle = fleet.handle(name);
  const spec = fleet.runningSpec(name);
  const deadline = stopDeadline(spec ?? handle.snapshot?.current?.spec ?? null, timeout);
  await (restarting === null ? noteStopped(fleet, name) : note(fleet, name, { restarting }));
  await fleet.keeper.release(name);
  const result = await fleet.owner(name).stop(timeout, deadline);
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
  const deadline = stopDeadline(fleet.runningSpec(name), timeout);
  await noteStopped(fleet, name);
  return await fleet.owner(name).hasten(timeout, deadline);
}

/** The next manager must not bring back what is being stopped. */
function noteStopped(fleet: Fleet, name: string): Promise<void> {
  return note(fleet, name, UNWANTED);
}

async function note(fleet: Fleet, name: string, change: Partial<AppRecord>): Promise<void> {
  fleet.state.update(name, change);
  await fleet.state.flush();
}
