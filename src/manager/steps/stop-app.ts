// Manager: stops one app: its workers drain, its cluster process goes, its sockets are let go.

import type { Milliseconds } from '../../core/spec.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { Fleet } from '../fleet.ts';
import { attempt } from '../results.ts';

/**
 * Waits in the app's queue, but not for a deploy or start under way: that ends with the stop, which then begins at once. It
 * is not aborted first, for an abort may cut what a stop lets finish.
 */
export async function stopApp(
  fleet: Fleet,
  name: string,
  timeout: Milliseconds | null,
  reasons: readonly string[],
): Promise<AppResult> {
  const { queue } = fleet.handle(name);
  const wasRunning = isRunning(fleet, name);
  fleet.state.update(name, { wanted: false });
  const overtaking = isBusy(fleet, name) ? fleet.takeDown(name, timeout) : null;
  // Its error is told when its turn has come.
  overtaking?.catch(() => {});
  return await queue.run(() =>
    attempt(fleet, name, 'stop', reasons, async () => {
      const before = await overtaking;
      if (!wasRunning && !isRunning(fleet, name)) return { action: 'none', ok: true, message: 'not running' };
      // What came between may have brought it up again.
      const now = await fleet.takeDown(name, timeout);
      const killed = (before?.killed ?? 0) + now.killed;
      const message = killed === 0 ? 'stopped' : `stopped; ${killed} had to be killed`;
      return { ok: true, message };
    }),
  );
}

function isRunning(fleet: Fleet, name: string): boolean {
  return fleet.handle(name).isUp || fleet.state.app(name).cluster !== null;
}

/** A deploy that has not begun yet never will. */
function isBusy(fleet: Fleet, name: string): boolean {
  const { isUp, state } = fleet.handle(name);
  const claim = fleet.claims.of(name);
  const hasBegun = claim !== null && !claim.abort();
  return isUp && (hasBegun || state === 'deploying' || state === 'starting');
}
