// Has declared sockets back that only orphans hold, after the death of a manager and of the cluster process that it had
// started. (cluster process)

import type { InheritedSockets } from './inherited-sockets.ts';
import type { OrphanWorker } from './orphan-worker.ts';
import type { Orphans } from './orphans.ts';
import { output } from './own-output.ts';
import type { SocketTraffic } from './socket-traffic.ts';

/** Asks one after the other, until nothing is missing or nobody is left to ask. */
export async function regainSockets(
  declared: readonly string[],
  sockets: InheritedSockets,
  orphans: Orphans,
  traffic: SocketTraffic,
): Promise<void> {
  const missing = (): readonly string[] => declared.filter((address) => !sockets.addresses.includes(address));
  const asked = new Set<OrphanWorker>();
  const canGive = (orphan: OrphanWorker): boolean =>
    !asked.has(orphan) && orphan.sockets.some((address) => missing().includes(address));
  while (missing().length > 0) {
    const giver = await orphans.find(canGive);
    if (giver === null) return;
    asked.add(giver);
    const addresses = missing();
    try {
      await traffic.take(await orphans.connectionFor(giver, addresses), { addresses });
    } catch (error) {
      output.complain(error instanceof Error ? error.message : error, addresses.join(', '));
    }
  }
}
