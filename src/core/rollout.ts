// Pure: which generations a slot is to run at each point of a deploy. The whole rollout follows from this table and
// from one rule (worker-plan.ts): what is wanted is started, what is not wanted drains.
//
//   phase        slots already replaced   the batch under way   slots still to come
//   preparing                                                   old
//   clearing     (replace) nothing
//   booting      new                      old + new             old        (replace: new alone)
//   yielding     (handover) new
//   settling     new                      old + new             old        (replace, handover: new alone)
//   retiring     new                      new                   old
//   reverting    new, else old            old + new             old        (the last batch first)
//   aborting     new, else old                                  old        (replace: nothing until the new are gone)
//
// On the way back a new worker stays as long as it is ready, and no other is started in its place.
//
// With the strategy handover a worker is held when it is about to listen, and only the generation whose turn it is
// (`heir`) is let go: when no worker of another one, and none before it in its slot, may serve any more. One that cannot
// be held (a program that is not Node) is started only then.

import {
  type ClusterModel,
  type Deploy,
  hasReadyWorker,
  hasWorkerInPlace,
  isExclusive,
  mayServe,
  slotRecord,
  type Worker,
} from './cluster-model.ts';
import type { Generation, Slot } from './status.ts';

/** `spawn` false: it may stay while it lives, but is not started again. */
export interface Wanted {
  readonly generation: Generation;
  readonly spawn: boolean;
}

export function wantedIn(model: ClusterModel, slot: Slot): readonly Wanted[] {
  if (model.mode !== 'running') return [];
  const { deploy } = model;
  return deploy === null ? lasting(model, slot) : wantedDuring(model, deploy, slot);
}

/** One past the highest slot that can be wanted now. */
export function slotCount(model: ClusterModel): number {
  return Math.max(model.desired, model.deploy?.workers ?? 0);
}

/** Whether the deploy has come to where this worker has to go before it can move on. */
export function isRetired(deploy: Deploy, worker: Worker): boolean {
  if (isOfDeploy(deploy, worker)) return false;
  switch (deploy.phase) {
    case 'clearing':
    case 'yielding':
      return true;
    case 'settling':
      return deploy.strategy === 'handover';
    case 'retiring':
      return deploy.committed || worker.slot < deploy.range.to;
    default:
      return false;
  }
}

/** Whether a worker that stands by, or is to be started, may listen now. */
export function maySetOut(model: ClusterModel, worker: Pick<Worker, 'key' | 'slot' | 'generation'>): boolean {
  if (!isExclusive(model)) return true;
  if (worker.generation !== heir(model)) return false;
  return !model.workers.some(
    (other) =>
      other.key !== worker.key &&
      mayServe(other) &&
      (other.generation !== worker.generation || other.slot === worker.slot || other.orphan),
  );
}

/** The generation whose turn it is to serve; 0: none. */
export function heir({ deploy, current }: ClusterModel): Generation {
  switch (deploy?.phase) {
    case undefined:
      return current;
    case 'preparing':
    case 'booting':
      return deploy.from === 0 ? deploy.generation : deploy.from;
    case 'clearing':
    case 'reverting':
    case 'aborting':
      return deploy.from;
    case 'yielding':
    case 'settling':
    case 'retiring':
      return deploy.generation;
  }
}

/** Left by a deploy that failed, because the old generation did not come back in time: serves until that is there. */
export function isLeftover({ current, deploy, desired }: ClusterModel, worker: Worker): boolean {
  const { generation, slot } = worker;
  return (
    worker.state === 'ready' &&
    !worker.orphan &&
    slot < desired &&
    generation !== current &&
    generation !== deploy?.generation
  );
}

/** One of its new workers. An orphan is none: its number is that of a generation before, or was lost and given again. */
export function isOfDeploy(deploy: Deploy, worker: Worker): boolean {
  return worker.generation === deploy.generation && !worker.orphan;
}

/** What serves a slot when no deploy is under way. */
function lasting(model: ClusterModel, slot: Slot): readonly Wanted[] {
  const { current, desired } = model;
  if (current === 0 || slot >= desired) return [];
  const own = { generation: current, spawn: true };
  if (isBack(model, slot)) return [own];
  const leftovers = model.workers.filter((worker) => worker.slot === slot && isLeftover(model, worker));
  return [own, ...leftovers.map(({ generation }) => ({ generation, spawn: false }))];
}

/** Whether the generation that serves has its place there, or, where two may not serve at once, everywhere. */
function isBack(model: ClusterModel, slot: Slot): boolean {
  if (!isExclusive(model)) return hasReadyWorker(model, slot, model.current);
  for (let each = 0; each < model.desired; each += 1) {
    if (!isPassedOver(model, each) && !hasWorkerInPlace(model, each, model.current)) return false;
  }
  return true;
}

/**
 * Where two generations may not serve at once: nobody comes to this slot, and others of the app wait at their gates for
 * those to go that serve. So these do not stay for its sake.
 */
export function isPassedOver(model: ClusterModel, slot: Slot): boolean {
  if (!isExclusive(model) || !slotRecord(model, slot).gaveUp) return false;
  return model.workers.some((worker) => worker.state === 'standing-by' && worker.generation === model.current);
}

function wantedDuring(model: ClusterModel, deploy: Deploy, slot: Slot): readonly Wanted[] {
  const old = lasting(model, slot);
  const fresh = slot < deploy.workers ? [{ generation: deploy.generation, spawn: true }] : [];
  switch (deploy.phase) {
    case 'preparing':
      return old;
    case 'clearing':
      return [];
    case 'yielding':
      return fresh;
    case 'booting':
    case 'settling':
      if (slot < deploy.range.from || servesAlone(deploy)) return fresh;
      return slot < deploy.range.to ? [...old, ...fresh] : old;
    case 'retiring':
      return deploy.committed || slot < deploy.range.to ? fresh : old;
    case 'reverting':
      if (slot >= deploy.range.to) return old;
      return slot < deploy.range.from
        ? newElseOld(model, deploy, slot, old)
        : [...old, ...stillNew(model, deploy, slot)];
    case 'aborting':
      if (slot < deploy.kept) return newElseOld(model, deploy, slot, old);
      return deploy.strategy === 'replace' && slot < deploy.missing ? [] : old;
  }
}

function servesAlone({ strategy, phase }: Deploy): boolean {
  return strategy === 'replace' || (strategy === 'handover' && phase === 'settling');
}

function newElseOld(model: ClusterModel, deploy: Deploy, slot: Slot, old: readonly Wanted[]): readonly Wanted[] {
  if (hasReadyWorker(model, slot, deploy.from)) return old;
  const kept = stillNew(model, deploy, slot);
  const isSound = model.workers.some((worker) => isStillNew(deploy, worker, slot) && worker.leaving === null);
  return isSound ? kept : [...old, ...kept];
}

function stillNew(model: ClusterModel, deploy: Deploy, slot: Slot): readonly Wanted[] {
  const isThere = model.workers.some((worker) => isStillNew(deploy, worker, slot));
  return isThere ? [{ generation: deploy.generation, spawn: false }] : [];
}

function isStillNew({ generation }: Deploy, worker: Worker, slot: Slot): boolean {
  return worker.slot === slot && worker.generation === generation && worker.state === 'ready' && !worker.orphan;
}
