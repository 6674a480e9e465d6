// Manager: finds the cluster processes that an earlier manager started, and takes them over as they are.

import { readdir } from 'node:fs/promises';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import { Superseded } from './app-lane.ts';
import type { Fleet } from './fleet.ts';
import type { Reviver } from './reviver.ts';
import { takeDown } from './take-down.ts';

/**
 * Connects to every cluster process of the state directory. One that is gone, hangs or cannot be understood while its app
 * should run is replaced; that goes on after this returns, as does taking over the sockets of those that were adopted. `present`: those
 * that are known to live, also without the state directory. `remembered`: those of which an earlier manager has left word;
 * what was left of any other was meant to run. Returns the apps that were adopted.
 */
export async function adoptClusters(
  fleet: Fleet,
  reviver: Reviver,
  present: ReadonlyMap<string, ProcessIdentity>,
  remembered: ReadonlySet<string>,
): Promise<readonly string[]> {
  const names = new Set([...(await directories(fleet.layout.apps)), ...fleet.state.names, ...present.keys()]);
  const adopted = await Promise.all(
    [...names].map(async (name) =>
      (await adopt(fleet, reviver, name, present.get(name) ?? null, remembered.has(name))) ? [name] : [],
    ),
  );
  // Of apps that the config no longer has, only their directories are left.
  for (const name of names) if (!fleet.state.names.includes(name)) fleet.forgetIfOver(name);
  return adopted.flat();
}

async function adopt(
  fleet: Fleet,
  reviver: Reviver,
  name: string,
  present: ProcessIdentity | null,
  remembered: boolean,
): Promise<boolean> {
  const handle = fleet.handle(name);
  const cluster = present ?? fleet.state.app(name).cluster;
  try {
    await fleet.owner(name).adopt(cluster);
  } catch {
    settle(fleet, reviver, name, remembered);
    return false;
  }
  // The state may have been lost: what runs was started, so it is wanted.
  if (handle.snapshot?.started === true) fleet.noteRunning(name);
  else if (fleet.state.app(name).wanted) reviver.goOn(name);
  // Somebody asked for it, and the manager died meanwhile.
  else if (handle.state === 'stopping') void finishStop(fleet, name);
  fleet.bus.emit({ type: 'cluster-adopted', app: name, pid: handle.identity?.pid ?? 0 });
  fleet.keeper.watch(handle);
  return true;
}

/** Before whatever is asked next. */
async function finishStop(fleet: Fleet, name: string): Promise<void> {
  try {
    await fleet.lane(name).run('operation', () => takeDown(fleet, name, null));
  } catch (error) {
    // Somebody asked for the same.
    if (!(error instanceof Superseded)) fleet.complain(error);
  }
}

/** Of an app that has no cluster process that could be adopted. */
export interface Remains {
  /** It is meant to run. */
  readonly wanted: boolean;
  /** The last cluster process that is known of. */
  readonly process: 'alive' | 'dead' | 'unknown';
  /** A cluster process did not end by itself, so there may be workers of it. */
  readonly left: boolean;
  /** It ended by itself, to be started again. */
  readonly restarting: boolean;
}

/** Pure. `revive`: bring it back. `clear`: end what it left. `forget`: it has ended by itself. `none`: nothing to do now. */
export function planRemains({ wanted, process, left, restarting }: Remains): 'revive' | 'clear' | 'forget' | 'none' {
  if (wanted) return left || restarting || process !== 'unknown' ? 'revive' : 'none';
  // It hangs; the next `stop` deals with it.
  if (process === 'alive') return 'none';
  if (left) return 'clear';
  return process === 'dead' ? 'forget' : 'none';
}

function settle(fleet: Fleet, reviver: Reviver, name: string, remembered: boolean): void {
  const { cluster, wanted, restarting } = fleet.state.app(name);
  const { last, hasLeftWorkers } = fleet.owner(name);
  const remains = { wanted: wanted || !remembered, process: last, left: hasLeftWorkers };
  switch (planRemains({ ...remains, restarting: restarting !== null })) {
    case 'revive':
      return reviver.recover(name, cluster);
    case 'clear':
      return void finishStop(fleet, name);
    case 'forget':
      return fleet.state.update(name, { cluster: null });
    case 'none':
  }
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
