// Manager: lets go of sockets. One that another app runs with goes back to that: it was to give it up, and has not.

import type { AddressMove } from '../core/address-moves.ts';
import { formatAddress, type ListenAddress } from '../core/spec.ts';
import { Superseded } from './app-lane.ts';
import { QUICK } from './deadlines.ts';
import type { Fleet } from './fleet.ts';

/** Of those that are held for an app, all but `keep`. */
export function releaseSockets(fleet: Fleet, app: string, keep: readonly ListenAddress[] = []): void {
  const kept = keep.map(formatAddress);
  for (const { address } of fleet.sockets.of(app)) {
    const other = kept.includes(address)
      ? undefined
      : fleet.names.find((name) => name !== app && runsWith(fleet, name, address));
    if (other !== undefined) fleet.sockets.move(address, app, other, fleet.runningSpec(other)?.user ?? null);
  }
  fleet.sockets.release(app, keep);
}

/**
 * After a deploy for which no operation waits, when nothing else is done to the app. What a reload is about to give it, it is
 * not to lose for not running with it yet. Never throws.
 */
export async function releaseDropped(fleet: Fleet, app: string): Promise<void> {
  try {
    await fleet.lane(app).run('operation', async () => {
      const running = fleet.runningSpec(app);
      if (running === null || fleet.moves.some(({ to }) => to === app)) return;
      releaseSockets(fleet, app, running.listen);
    });
  } catch (error) {
    // Whoever stops it lets go of all.
    if (!(error instanceof Superseded)) fleet.complain(error);
  }
}

/**
 * Before any of the apps is changed: from now on the manager holds these for who is to have them, so that they go on
 * queuing when who has them has let go; and so does its cluster process, if it runs, should the manager be killed.
 */
export async function handOver(
  fleet: Fleet,
  moves: readonly AddressMove[],
  userOf: (app: string) => string | null,
): Promise<void> {
  for (const { address, from, to } of moves) {
    await fleet.keeper.fetched(from);
    fleet.sockets.move(address, from, to, userOf(to));
    const handle = fleet.handle(to);
    const moved = fleet.sockets.of(to).filter((socket) => socket.address === address);
    if (handle.isUp) await handle.passSockets(moved).catch((error) => fleet.complain(error));
  }
}

/** In the end of a reload: an app that was to have an address and does not run with it lets go of it. */
export async function takeBack(fleet: Fleet, moves: readonly AddressMove[]): Promise<void> {
  for (const { address, to } of moves) {
    if (runsWith(fleet, to, address)) continue;
    const [running, handle] = [fleet.runningSpec(to), fleet.handle(to)];
    releaseSockets(fleet, to, running?.listen);
    if (running === null || !handle.isUp) continue;
    // The cluster process lets go of what is not declared, and has it no more when a next deploy declares it.
    await handle.ask('apply-live', { spec: running, keys: [] }, QUICK);
    await handle.refresh();
  }
}

export function runsWith(fleet: Fleet, app: string, address: string): boolean {
  return fleet.runningSpec(app)?.listen.some((one) => formatAddress(one) === address) === true;
}
