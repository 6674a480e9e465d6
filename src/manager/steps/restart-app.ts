// Manager: stops one app, then starts it. Not zero-downtime; and the one way for keys that a running cluster process
// cannot take over.

import { EvenkeelError } from '../../core/errors.ts';
import { deployableSpec, droppedAddresses } from '../../core/plan-changes.ts';
import { type AppSpec, formatAddress } from '../../core/spec.ts';
import { diffSpecs } from '../../core/spec-diff.ts';
import type { Restart } from '../../platform/manager-record.ts';
import type { DeployRequest } from '../../protocol/cluster-link.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { Task } from '../app-lane.ts';
import { deployDeadline } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { attempt, describeDeploy, type Outcome } from '../results.ts';
import { takeDown } from '../take-down.ts';
import { startApp, startOrWait } from './start-app.ts';

export async function restartApp(fleet: Fleet, name: string, task: Task): Promise<AppResult> {
  const handle = fleet.handle(name);
  const running = fleet.runningSpec(name);
  if (running === null) return await startApp(fleet, name, ['restart'], task);
  return await attempt(fleet, name, 'restart', ['restart'], async () => {
    const pending = pendingSpec(fleet, name, running);
    if (pending !== null) return await renew(fleet, running, pending, task);
    const result = await handle.ask('restart', {}, deployDeadline(running, running, null));
    await handle.relearn();
    return describeDeploy(result, { word: 'restarted' });
  });
}

/** What the app is to be started with in a new cluster process; null: nothing waits for one. */
function pendingSpec(fleet: Fleet, name: string, running: AppSpec): AppSpec | null {
  if (fleet.fileSpec(name) === null) return null;
  const wanted = fleet.wantedSpec(name);
  const keys = diffSpecs(running, wanted);
  const held = fleet.handle(name).snapshot?.held ?? [];
  const unheld = wanted.listen.some((address) => !held.includes(formatAddress(address)));
  const moved = unheld || droppedAddresses(running, wanted).length > 0;
  if (!moved && !keys.some((key) => key.class === 'restart')) return null;
  // An address changes together with what tells the app of it, so neither can be had alone.
  if (moved) return wanted;
  // The other way round than in a deploy: all as it runs, except for what waits.
  return { ...deployableSpec(wanted, running, keys), listen: wanted.listen };
}

function renew(fleet: Fleet, { name }: AppSpec, spec: AppSpec, task: Task): Promise<Outcome> {
  const pinned = fleet.handle(name).snapshot?.current ?? null;
  if (pinned === null) throw new Error(`Internal error: ${name} runs nothing`);
  return finishRestart(fleet, name, { spec, pinned }, task);
}

/** Also where an earlier manager has begun it. */
export async function finishRestart(fleet: Fleet, name: string, restart: Restart, task: Task): Promise<Outcome> {
  const { spec, pinned } = restart;
  const end = (): void => fleet.state.update(name, { restarting: null });
  try {
    await takeDown(fleet, name, null, restart);
    task.goOn();
    const outcome = await startAs(fleet, spec, pinned, task);
    end();
    return outcome;
  } catch (error) {
    // Where nothing came of it, it is to be gone on with: by whoever brings the app back, or by the next manager.
    if (!(error instanceof EvenkeelError) || error.code !== 'LISTEN_FAILED') throw error;
    end();
    // Only now can it be told who holds the address: it was not the app itself.
    await startOrWait(fleet, pinned.spec, () => startAs(fleet, pinned.spec, pinned, task));
    throw error;
  }
}

async function startAs(fleet: Fleet, spec: AppSpec, pinned: DeployRequest['pinned'], task: Task): Promise<Outcome> {
  const handle = await fleet.launch(spec.name, spec, task);
  const request = { spec, reason: 'restart', timeout: null, pinned };
  const result = await handle.ask('start', request, deployDeadline(spec, null, null));
  await handle.relearn();
  return describeDeploy(result, { word: 'restarted' });
}
