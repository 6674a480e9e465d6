// Manager: finds the cluster processes that an earlier manager started, and takes them over as they are.

import { readdir } from 'node:fs/promises';
import { EvenkeelError } from '../core/errors.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { Fleet } from './fleet.ts';

/**
 * Connects to every cluster process of the state directory. One that is gone or hangs while its app should run is brought
 * back; that goes on after this returns. `present`: those that are known to live, also without the state directory.
 * Returns the apps that were adopted.
 */
export async function adoptClusters(
  fleet: Fleet,
  present: ReadonlyMap<string, ProcessIdentity>,
): Promise<readonly string[]> {
  const names = new Set([...(await directories(fleet.layout.apps)), ...fleet.state.names, ...present.keys()]);
  const adopted = await Promise.all(
    [...names].map(async (name) => ((await adopt(fleet, name, present.get(name) ?? null)) ? [name] : [])),
  );
  return adopted.flat();
}

async function adopt(fleet: Fleet, name: string, present: ProcessIdentity | null): Promise<boolean> {
  const handle = fleet.handle(name);
  const cluster = present ?? fleet.state.app(name).cluster;
  try {
    await handle.adopt(cluster);
  } catch (error) {
    // It works, but not with us.
    if (error instanceof EvenkeelError && error.code === 'STATE_FROM_NEWER_VERSION') fleet.complain(error.message);
    else if (cluster !== null) giveUp(fleet, name, cluster);
    return false;
  }
  // The state may have been lost: what runs was started, so it is wanted.
  if (handle.snapshot?.started === true) fleet.noteRunning(name);
  // Somebody asked for it, and the manager died meanwhile.
  else if (handle.state === 'stopping') void finishStop(fleet, name);
  fleet.bus.emit({ type: 'cluster-adopted', app: name, pid: handle.identity?.pid ?? 0 });
  return true;
}

/** Before whatever is asked next. */
async function finishStop(fleet: Fleet, name: string): Promise<void> {
  try {
    await fleet.handle(name).queue.run(() => fleet.takeDown(name, null));
  } catch (error) {
    fleet.complain(error);
  }
}

function giveUp(fleet: Fleet, name: string, cluster: ProcessIdentity): void {
  if (fleet.state.app(name).wanted) void fleet.recover(name, cluster);
  // It was being stopped when the manager died, and went by itself; or it hangs, which the next `stop` deals with.
  else if (!fleet.isAlive(cluster)) fleet.state.update(name, { cluster: null });
}

async function directories(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    // No app has ever been started here.
    return [];
  }
}
