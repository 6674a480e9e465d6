// Manager: brings one app up, if it is not.

import type { AppResult } from '../../protocol/control-api.ts';
import type { ClusterHandle } from '../cluster-handle.ts';
import { deployDeadline } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { attempt, describeDeploy, type Outcome } from '../results.ts';

export function startApp(fleet: Fleet, name: string, reasons: readonly string[]): Promise<AppResult> {
  return attempt(fleet, name, 'start', reasons, async () => {
    const spec = fleet.wantedSpec(name);
    const handle = fleet.handle(name);
    fleet.state.update(name, { wanted: true });
    if (handle.revival !== null) await handle.revival;
    // A start that an earlier manager asked for may have ended by now.
    if (handle.isUp && fleet.runningSpec(name) === null) await handle.refresh();
    if (fleet.runningSpec(name) !== null) return await wake(handle);
    if (!handle.isUp) await fleet.launch(name, spec);
    const pinned = fleet.state.app(name).override?.rollback ?? null;
    const request = { spec, reason: reasons.join(', ') || 'start', timeout: null, pinned };
    const result = await handle.request('start', request, deployDeadline(spec, null, null));
    await handle.relearn();
    return describeDeploy(result);
  });
}

/** An app that has given up is tried again; any other that runs is left alone. */
async function wake(handle: ClusterHandle): Promise<Outcome> {
  const spec = handle.snapshot?.current?.spec;
  if (handle.state === 'backoff')
    return { action: 'none', ok: false, message: 'is started already, but its workers keep failing' };
  if (handle.state !== 'failed' || spec === undefined) return { action: 'none', ok: true, message: 'already running' };
  const { failure } = await handle.request('restart', {}, deployDeadline(spec, spec, null));
  return { ok: failure === null, message: failure === null ? 'up again' : failure.reason, failure };
}
