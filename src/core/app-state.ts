// Pure: one word for how an app is, from its cluster's model.

import { type ClusterModel, type Deploy, hasReadyWorker, slotRecord, type Worker } from './cluster-model.ts';
import { wantedIn } from './rollout.ts';
import type { AppState, DeployPhase } from './status.ts';

export function appState(model: ClusterModel): AppState {
  // Workers of a cluster process that was killed serve, and what is to follow them comes next.
  if (model.mode === 'idle') return model.workers.length === 0 ? 'stopped' : 'starting';
  if (model.mode === 'stopping') return 'stopping';
  if (model.deploy !== null) return model.deploy.from === 0 ? 'starting' : 'deploying';
  const ready = readySlots(model);
  if (ready >= model.desired) return 'online';
  if (ready > 0) return 'degraded';
  const records = Array.from({ length: model.desired }, (_, slot) => slotRecord(model, slot));
  if (records.some((record) => record.gaveUp)) return 'failed';
  return records.some((record) => record.failures > 0) ? 'backoff' : 'starting';
}

/** How many workers there should be and how many are ready; during a first start, of what starts. */
export function workerCounts(model: ClusterModel): { readonly desired: number; readonly ready: number } {
  const { deploy } = model;
  if (deploy?.from === 0) return { desired: deploy.workers, ready: readyOfDeploy(model) };
  return { desired: model.desired, ready: readySlots(model) };
}

/** Slots with a ready worker of a generation that is wanted there, and that is well. */
function readySlots(model: ClusterModel): number {
  let ready = 0;
  for (let slot = 0; slot < model.desired; slot += 1) {
    const served = model.workers.some((worker) => worker.slot === slot && isReadyAndWell(model, worker));
    if (served && wantedIn(model, slot).length > 0) ready += 1;
  }
  return ready;
}

/** A worker that fails its health checks so soon that its successor has to wait is as good as none. */
function isReadyAndWell(model: ClusterModel, worker: Worker): boolean {
  const isFailing = worker.leaving?.kind === 'sick' && slotRecord(model, worker.slot).failures > 0;
  return worker.state === 'ready' && !isFailing;
}

/** How many slots of the new generation are ready. */
export function readyOfDeploy(model: ClusterModel): number {
  const { deploy } = model;
  if (deploy === null) return 0;
  let ready = 0;
  for (let slot = 0; slot < deploy.workers; slot += 1) {
    if (hasReadyWorker(model, slot, deploy.generation)) ready += 1;
  }
  return ready;
}

/** The phase as it is shown: old workers retire, whether before the new ones serve or after; a way back is one phase. */
export function shownPhase(deploy: Deploy): DeployPhase {
  if (deploy.phase === 'clearing' || deploy.phase === 'yielding') return 'retiring';
  return deploy.phase === 'aborting' && deploy.kept > 0 ? 'reverting' : deploy.phase;
}
