// Manager: stops one app: its workers drain, its cluster process goes, its sockets are let go.

import type { Milliseconds } from '../../core/spec.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { ClusterHandle } from '../cluster-handle.ts';
import { QUICK } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { attempt } from '../results.ts';

/** Waits in the app's queue, but not for a deploy under way: that is aborted. */
export async function stopApp(
  fleet: Fleet,
  name: string,
  timeout: Milliseconds | null,
  reasons: readonly string[],
): Promise<AppResult> {
  const handle = fleet.handle(name);
  fleet.state.update(name, { wanted: false });
  const aborted = abortDeploy(handle, fleet.claims.of(name) !== null);
  const result = await handle.queue.run(() =>
    attempt(fleet, name, 'stop', reasons, async () => {
      const wasRunning = handle.isUp || fleet.state.app(name).cluster !== null;
      const { killed } = await fleet.takeDown(name, timeout);
      if (!wasRunning) return { action: 'none', ok: true, message: 'not running' };
      const message = killed === 0 ? 'stopped' : `stopped; ${killed} had to be killed`;
      return { ok: true, message };
    }),
  );
  await aborted;
  return result;
}

/** `claimed`: somebody deploys it, perhaps with hooks that run when the new generation serves already. */
async function abortDeploy(handle: ClusterHandle, claimed: boolean): Promise<void> {
  if (!handle.isUp || !(claimed || handle.state === 'deploying' || handle.state === 'starting')) return;
  try {
    await handle.ask('abort', { reason: 'the app is being stopped' }, QUICK);
  } catch {
    // It has just ended by itself; or it hangs, which the stop finds out.
  }
}
