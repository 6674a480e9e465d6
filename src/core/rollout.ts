// Pure: which generations a slot is to run at each point of a deploy. The whole rollout follows from this table and
// from one rule (worker-plan.ts): what is wanted is started, what is not wanted drains.
//
//   phase        slots already replaced   the batch under way   slots still to come
//   preparing                                                   old
//   clearing     (replace) nothing
//   booting      new                      old + new             old        (replace: new alone)
//   settling     new                      old + new             old        (replace: new alone)
//   retiring     new                      new                   old
//   reverting    old + new while it lives                       old
//   aborting     old                      old                   old        (replace: nothing until the new are gone)

import type { ClusterModel, Deploy, Worker } from './cluster-model.ts';
import type { Generation, Slot } from './status.ts';

/** `spawn` false: it may stay while it lives, but is not started again. */
export interface Wanted {
  readonly generation: Generation;
  readonly spawn: boolean;
}

export function wantedIn(model: ClusterModel, slot: Slot): readonly Wanted[] {
  if (model.mode !== 'running') return [];
  const { deploy } = model;
  if (deploy === null) return slot < model.desired ? [{ generation: model.current, spawn: true }] : [];
  return wantedDuring(deploy, slot, model.desired);
}

/** One past the highest slot that can be wanted now. */
export function slotCount(model: ClusterModel): number {
  return Math.max(model.desired, model.deploy?.workers ?? 0);
}

/** Whether the deploy has come to where this worker has to go before it can move on. */
export function isRetired(deploy: Deploy, worker: Worker): boolean {
  if (isOfDeploy(deploy, worker)) return false;
  if (deploy.phase === 'clearing') return true;
  return deploy.phase === 'retiring' && (deploy.committed || worker.slot < deploy.range.to);
}

/** One of its new workers. An orphan is none: its number is that of a generation before, or was lost and given again. */
export function isOfDeploy(deploy: Deploy, worker: Worker): boolean {
  return worker.generation === deploy.generation && !worker.orphan;
}

function wantedDuring(deploy: Deploy, slot: Slot, oldWorkers: number): readonly Wanted[] {
  const old = deploy.from > 0 && slot < oldWorkers ? [{ generation: deploy.from, spawn: true }] : [];
  const fresh = slot < deploy.workers ? [{ generation: deploy.generation, spawn: true }] : [];
  switch (deploy.phase) {
    case 'preparing':
      return old;
    case 'clearing':
      return [];
    case 'booting':
    case 'settling':
      if (deploy.strategy === 'replace' || slot < deploy.range.from) return fresh;
      return slot < deploy.range.to ? [...old, ...fresh] : old;
    case 'retiring':
      return deploy.committed || slot < deploy.range.to ? fresh : old;
    case 'reverting':
      return slot < deploy.range.to ? [...old, ...fresh.map((wanted) => ({ ...wanted, spawn: false }))] : old;
    case 'aborting':
      return deploy.strategy === 'replace' ? [] : old;
  }
}
