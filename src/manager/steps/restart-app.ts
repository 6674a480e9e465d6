// Manager: stops one app, then starts it. Not zero-downtime; and the one way for keys that a running cluster process
// cannot take over.

import { deployableSpec, droppedAddresses } from '../../core/plan-changes.ts';
import { type AppSpec, formatAddress } from '../../core/spec.ts';
import { diffSpecs } from '../../core/spec-diff.ts';
import type { Restart } from '../../platform/manager-record.ts';
import type { DeployRequest } from '../../protocol/cluster-link.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { Task } from '../app-lane.ts';
import { isListenFailed } from '../cluster-faults.ts';
import { deployDeadline } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { releaseSockets } from '../release-sockets.ts';
import { attempt, describeDeploy, type Outcome } from '../results.ts';
import { takeDown } from '../take-down.ts';
import { cameToNothing, startApp, startOrWait } from './start-app.ts';

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
  let outcome: Outcome;
  try {
    await takeDown(fleet, name, null, restart);
    task.goOn();
    outcome = await startAs(fleet, { spec, pinned }, task);
  } catch (error) {
    // Where it was cut short, it is to be gone on with: by whoever brings the app back, or by the next manager.
    if (!isListenFailed(error)) throw error;
    end();
    // Only now can it be told who holds the address: it was not the app itself.
    await goBack(fleet, pinned, task);
    throw error;
  }
  end();
  if (!cameToNothing(fleet, name, outcome)) return outcome;
  const { ok, message } = await goBack(fleet, pinned, task);
  return { ...outcome, message: `${outcome.message}; ${ok ? 'what ran before runs again' : message}` };
}

/** To what ran before. */
async function goBack(fleet: Fleet, pinned: Restart['pinned'], task: Task): Promise<Outcome> {
  const { spec } = pinned;
  releaseSockets(fleet, spec.name, spec.listen);
  return await startOrWait(fleet, spec, () => startAs(fleet, { spec, pinned, ran: true }, task));
}

interface Start extends Pick<DeployRequest, 'spec' | 'pinned'> {
  /** It ran already: its hooks do not run once more. */
  readonly ran?: boolean;
}

async function startAs(fleet: Fleet, { spec, pinned, ran = false }: Start, task: Task): Promise<Outcome> {
  const handle = await fleet.launch(spec.name, spec, task);
  const request = { spec, reason: 'restart', timeout: null, pinned, ran };
  const result = await handle.ask('start', request, deployDeadline(spec, null, null));
  await handle.relearn();
  return describeDeploy(result, { word: 'restarted' });
}
