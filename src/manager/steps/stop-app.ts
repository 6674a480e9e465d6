// Manager: stops one app, whatever goes on with it.

import type { Milliseconds } from '../../core/spec.ts';
import { UNWANTED } from '../../platform/manager-record.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { Fleet } from '../fleet.ts';
import { releaseSockets } from '../release-sockets.ts';
import { attempt } from '../results.ts';
import { hastenEnd, takeDown } from '../take-down.ts';

/** `byName`: somebody asked for this very app, so that it stays stopped. */
export async function stopApp(
  fleet: Fleet,
  name: string,
  timeout: Milliseconds | null,
  reasons: readonly string[],
  byName = false,
): Promise<AppResult> {
  const wasRunning = isRunning(fleet, name);
  fleet.state.update(name, { ...UNWANTED, ...(byName ? { stoppedByName: true } : {}) });
  const waited = fleet.waits.end(name);
  // A deploy that has been accepted and has not begun yet never will.
  fleet.claims.of(name)?.abort();
  return await attempt(fleet, name, 'stop', reasons, () =>
    fleet.lane(name).stop(
      () => hastenEnd(fleet, name, timeout),
      async (before) => {
        const ran = wasRunning || before !== null || isRunning(fleet, name);
        // What a start that failed has bound.
        if (!ran) releaseSockets(fleet, name);
        if (!ran && waited) return { ok: true, message: 'not tried again' };
        if (!ran) return { action: 'none', ok: true, message: 'not running' };
        const now = await takeDown(fleet, name, timeout);
        const killed = (before?.killed ?? 0) + now.killed;
        return { ok: true, message: killed === 0 ? 'stopped' : `stopped; ${killed} had to be killed` };
      },
    ),
  );
}

function isRunning(fleet: Fleet, name: string): boolean {
  return fleet.handle(name).isUp || fleet.state.app(name).cluster !== null;
}
