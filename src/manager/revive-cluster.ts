// Manager: brings the cluster process of an app back when it was killed or hangs. Its workers serve meanwhile, on the
// sockets they inherited; the next cluster process takes over from them.

import type { Milliseconds } from '../core/spec.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { ClusterHandle } from './cluster-handle.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { pauseUnless } from './pause.ts';

/** For a process whose connection has ended to end itself; one that was killed is gone by then. */
const EXIT_TIMEOUT: Milliseconds = 500;
const KILL_TIMEOUT: Milliseconds = 5_000;
const LONGEST_PAUSE: Milliseconds = 30_000;

export interface Revival {
  readonly handle: ClusterHandle;
  readonly ports: ClusterPorts;
  /** What to do with a process that lives: perhaps only the connection broke; or it has been tried already. */
  readonly ifAlive: 'reconnect' | 'end';
  /** Aborted: the app is to be stopped. Whoever stops it takes over what there is. */
  readonly signal: AbortSignal;
  /** False: the app is not meant to run. */
  isWanted(): boolean;
  /** Told once, when the process is known to be dead. */
  onDead(lost: ProcessIdentity): void;
  /** Starts a successor and has it resume. */
  relaunch(): Promise<void>;
  onFailure(error: unknown): void;
}

/** `losses`: how often it was lost in a row, this time included. `lost` null: it is gone, and nobody knows its name. */
export async function reviveCluster(lost: ProcessIdentity | null, losses: number, revival: Revival): Promise<void> {
  const { handle, ports, signal } = revival;
  if (lost !== null && !(await isGone(lost, revival))) return;
  if (lost !== null) revival.onDead(lost);
  for (let attempt = losses; ; attempt++) {
    const delay = revivalDelay(attempt);
    if (delay > 0) await pauseUnless(signal, ports.clock, delay);
    if (signal.aborted || !revival.isWanted()) return;
    try {
      return await revival.relaunch();
    } catch (error) {
      if (signal.aborted) return;
      // A successor that started and yet cannot resume must not be left behind beside the next one.
      await handle.abandon();
      revival.onFailure(error);
    }
  }
}

/** At once the first time, then 1, 2, 4 ... 30 s. */
export function revivalDelay(losses: number): Milliseconds {
  return losses <= 1 ? 0 : Math.min(1000 * 2 ** (losses - 2), LONGEST_PAUSE);
}

/** False: only the connection was broken, and it is mended. */
async function isGone(lost: ProcessIdentity, { handle, ports, ifAlive }: Revival): Promise<boolean> {
  if (await ports.waitForExit(lost, EXIT_TIMEOUT)) return true;
  if (ifAlive === 'reconnect' && (await canReconnect(handle, lost))) return false;
  await endProcess(lost, ports);
  return true;
}

export async function endProcess(identity: ProcessIdentity, ports: ClusterPorts): Promise<void> {
  ports.kill(identity);
  await ports.waitForExit(identity, KILL_TIMEOUT);
}

async function canReconnect(handle: ClusterHandle, lost: ProcessIdentity): Promise<boolean> {
  try {
    await handle.adopt(lost);
    return true;
  } catch {
    return false;
  }
}
