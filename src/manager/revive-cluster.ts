// Manager: brings the cluster process of an app back when it was killed or hangs. Its workers serve meanwhile, on the
// sockets they inherited; the next cluster process takes over from them.

import type { Milliseconds } from '../core/spec.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { ClusterOwner } from './cluster-owner.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { pauseUnless } from './pause.ts';

const LONGEST_PAUSE: Milliseconds = 30_000;

export interface Revival {
  readonly owner: ClusterOwner;
  readonly ports: ClusterPorts;
  /** What to do with a process that lives: perhaps only the connection broke; or it has been tried already. */
  readonly ifAlive: 'reconnect' | 'end';
  /** Aborted: the app is to be stopped. Whoever stops it takes over what there is. */
  readonly signal: AbortSignal;
  /** False: the app is not meant to run. */
  isWanted(): boolean;
  /** Told once, when the process is known to be dead. */
  onDead(lost: ProcessIdentity): void;
  /** Has a successor resume. */
  relaunch(): Promise<void>;
  onFailure(error: unknown): void;
}

/** `losses`: how often it was lost in a row, this time included. `lost` null: it is gone, and nobody knows its name. */
export async function reviveCluster(lost: ProcessIdentity | null, losses: number, revival: Revival): Promise<void> {
  const { owner, ports, signal } = revival;
  if (lost !== null) {
    const isBack = await owner.regain(lost, revival.ifAlive, signal);
    if (!ports.isAlive(lost)) revival.onDead(lost);
    if (isBack) return;
  }
  for (let attempt = losses; ; attempt++) {
    const delay = revivalDelay(attempt);
    if (delay > 0) await pauseUnless(signal, ports.clock, delay);
    if (signal.aborted || !revival.isWanted()) return;
    try {
      return await revival.relaunch();
    } catch (error) {
      if (signal.aborted) return;
      // A successor that started and yet cannot resume must not be left behind beside the next one.
      await owner.abandon();
      revival.onFailure(error);
    }
  }
}

/** At once the first time, then 1, 2, 4 ... 30 s. */
export function revivalDelay(losses: number): Milliseconds {
  return losses <= 1 ? 0 : Math.min(1000 * 2 ** (losses - 2), LONGEST_PAUSE);
}
