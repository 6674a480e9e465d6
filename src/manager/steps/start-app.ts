// Manager: brings one app up, if it is not.

import { EvenkeelError } from '../../core/errors.ts';
import { type AppSpec, formatAddress } from '../../core/spec.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { Task } from '../app-lane.ts';
import type { ClusterHandle } from '../cluster-handle.ts';
import { deployDeadline, QUICK } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { pinnedPaths } from '../overrides.ts';
import { attempt, describeDeploy, type Outcome } from '../results.ts';

export function startApp(fleet: Fleet, name: string, reasons: readonly string[], task: Task): Promise<AppResult> {
  return attempt(fleet, name, 'start', reasons, async () => {
    const spec = fleet.wantedSpec(name);
    const handle = fleet.handle(name);
    fleet.state.update(name, { wanted: true });
    // A start that an earlier manager asked for may have ended by now.
    if (handle.isUp && fleet.runningSpec(name) === null) await handle.refresh();
    if (fleet.runningSpec(name) !== null) return await wake(handle);
    const mayServe = fleet.hasLeftWorkers(name);
    await launch(fleet, handle, spec, task);
    const pinned = pinnedPaths(fleet.state.app(name).override);
    const request = { spec, reason: reasons.join(', ') || 'start', timeout: null, pinned };
    try {
      const result = await handle.ask('start', request, deployDeadline(spec, null, null));
      await handle.relearn();
      return describeDeploy(result);
    } catch (error) {
      if (!(error instanceof EvenkeelError) || error.code !== 'LISTEN_FAILED') throw error;
      // A next start needs another one, which has all sockets. Workers that were left serve on until then.
      await (mayServe ? handle.abandon() : handle.stop(null, QUICK));
      // Tells who has them.
      fleet.sockets.release(name);
      fleet.sockets.hold(name, spec);
      throw error;
    } finally {
      fleet.keeper.watch(handle);
    }
  });
}

async function launch(fleet: Fleet, handle: ClusterHandle, spec: AppSpec, task: Task): Promise<void> {
  if (handle.isUp) {
    const held = handle.snapshot?.held ?? [];
    if (spec.listen.every((address) => held.includes(formatAddress(address)))) return;
    // Nothing runs in it: an earlier manager started it, with other sockets.
    await handle.abandon();
  }
  await fleet.launch(handle.app, spec, task);
}

/** An app that has given up is tried again; any other that runs is left alone. */
async function wake(handle: ClusterHandle): Promise<Outcome> {
  const spec = handle.snapshot?.current?.spec;
  if (handle.state === 'backoff')
    return { action: 'none', ok: false, message: 'is started already, but its workers keep failing' };
  if (handle.state !== 'failed' || spec === undefined) return { action: 'none', ok: true, message: 'already running' };
  const result = await handle.ask('restart', {}, deployDeadline(spec, spec, null));
  return describeDeploy(result, 'up again');
}
