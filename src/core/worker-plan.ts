// Pure: compares the workers there are with those that are wanted (rollout.ts) and says which to start and drain.
// It looks only at what is, not at what happened, so any sequence of events ends in the same place.

import {
  type ClusterAction,
  type ClusterModel,
  drainWorker,
  hasCrashed,
  hasReadyWorker,
  hasWorkerInPlace,
  isExclusive,
  isInPlace,
  isKeeper,
  isServing,
  replaceWorker,
  type Step,
  settingsOf,
  slotRecord,
  startsAlone,
  URGENCY,
  type Worker,
} from './cluster-model.ts';
import {
  heir,
  isLeftover,
  isOfDeploy,
  isPassedOver,
  isRetired,
  maySetOut,
  slotCount,
  type Wanted,
  wantedIn,
} from './rollout.ts';
import type { Generation, Slot } from './status.ts';

export function planWorkers(model: ClusterModel, now: number): Step {
  const actions: ClusterAction[] = [];
  let next = endDelays(model, now);
  for (const worker of model.workers) {
    const reason = whyDrain(next, worker);
    if (reason === null) continue;
    const step = drainWorker(next, worker, now, reason);
    next = step.model;
    actions.push(...step.actions);
  }
  for (const worker of next.workers) {
    if (worker.state !== 'standing-by' || !maySetOut(next, worker)) continue;
    const step = openGate(next, worker, now);
    next = step.model;
    actions.push(...step.actions);
  }
  for (const slot of slotsInTurn(next)) {
    for (const wanted of wantedIn(next, slot)) {
      const reason = whySpawn(next, slot, wanted, now);
      if (reason === null) continue;
      const step = spawnWorker(next, slot, wanted.generation, now, reason);
      next = step.model;
      actions.push(...step.actions);
    }
  }
  return { model: next, actions };
}

/**
 * Of those that are to be replaced, the most urgent come first, and among them whoever has served longest: where
 * `restart.schedule` comes round before all have had their turn, the first slot would have every turn, and the last none.
 */
function slotsInTurn(model: ClusterModel): readonly Slot[] {
  const leaving = model.workers.filter((worker) => isServing(worker) && worker.leaving !== null).sort(compareTurns);
  const others = Array.from({ length: slotCount(model) }, (_, slot) => slot);
  return [...new Set([...leaving.map(({ slot }) => slot), ...others])].filter((slot) => slot < others.length);
}

function compareTurns(a: Worker, b: Worker): number {
  return urgencyOf(b) - urgencyOf(a) || a.key - b.key;
}

const urgencyOf = ({ leaving }: Worker): number => (leaving === null ? -1 : URGENCY[leaving.kind]);

function whyDrain(model: ClusterModel, worker: Worker): string | null {
  if (!isServing(worker)) return null;
  if (model.mode === 'stopping') return 'the app stops';
  if (worker.orphan) return whyDrainOrphan(model, worker);
  if (!wantedIn(model, worker.slot).some((wanted) => isMeant(wanted, worker))) return whyUnwanted(model, worker);
  if (worker.leaving !== null && (hasSuccessor(model, worker) || goesFirst(model, worker)))
    return worker.leaving.reason;
  // Nobody will ever come in its place, and one that has crashed does not stay for good.
  if (hasCrashed(worker) && slotRecord(model, worker.slot).gaveUp) return worker.leaving?.reason ?? null;
  return null;
}

/** What is not to be started again stays as long as it is ready; one that was to follow it has nothing to follow for. */
function isMeant({ generation, spawn }: Wanted, worker: Worker): boolean {
  return worker.generation === generation && (spawn || worker.state === 'ready');
}

/** One that is in place, or comes there as soon as this one has gone. */
function hasSuccessor(model: ClusterModel, { key, slot, generation }: Worker): boolean {
  return model.workers.some((other) => {
    const isMate = other.slot === slot && other.generation === generation && !other.orphan;
    const comes = other.state === 'ready' || (isInPlace(model, other) && generation === heir(model));
    return isMate && other.key > key && comes;
  });
}

/** Its successor starts only when it has gone. */
function goesFirst(model: ClusterModel, worker: Worker): boolean {
  const { key, slot, generation, state } = worker;
  if (state !== 'ready' || !startsAlone(model, generation) || generation !== heir(model)) return false;
  if (!mayBeReplaced(model, worker) || isHeldBack(model, worker)) return false;
  const isLast = !model.workers.some((other) => other.key > key && isSuccessor(other, slot, generation));
  return isLast && (!goesInTurn(worker) || !isAnotherAwaited(model, slot));
}

/** It still serves, and would leave its slot empty for the time of the delay, or for good. */
function isHeldBack(model: ClusterModel, { slot, leaving }: Worker): boolean {
  const { notBefore, gaveUp } = slotRecord(model, slot);
  return leaving?.kind === 'sick' && (notBefore > 0 || gaveUp);
}

/** Another slot is without a worker, and not because that has crashed: one that was replaced comes back. */
function isAnotherAwaited(model: ClusterModel, slot: Slot): boolean {
  for (let other = 0; other < model.desired; other += 1) {
    const isMissing = other !== slot && !hasReadyWorker(model, other, model.current);
    if (isMissing && slotRecord(model, other).failures === 0) return true;
  }
  return false;
}

function whyDrainOrphan(model: ClusterModel, orphan: Worker): string | null {
  const { mode, deploy } = model;
  // Nobody has said yet what is to run in its place.
  if (mode === 'idle') return null;
  if (model.orphansFirst) return 'its port is needed by its successor';
  if (deploy !== null && isRetired(deploy, orphan)) return whyUnwanted(model, orphan);
  // A start that is not through: nothing else serves, unless it is for them that its workers wait.
  if (deploy?.from === 0 && (deploy.phase !== 'booting' || !isExclusive(model))) return null;
  const slots = Array.from({ length: slotCount(model) }, (_, slot) => slot).filter(
    (slot) => deploy !== null || !isPassedOver(model, slot),
  );
  if (slots.length === 0) return null;
  for (const slot of slots) {
    const missing = wantedIn(model, slot).some((wanted) => !hasWorkerInPlace(model, slot, wanted.generation));
    if (missing) return null;
  }
  return isExclusive(model) ? 'its successor waits for it' : 'its successor is ready';
}

function whyUnwanted(model: ClusterModel, worker: Worker): string {
  const { deploy, current, desired } = model;
  if (deploy === null) {
    return worker.generation === current ? `scaled to ${desired}` : `replaced by generation ${current}`;
  }
  if (!isOfDeploy(deploy, worker)) return `replaced by generation ${deploy.generation}`;
  return 'the deploy was given up';
}

function whySpawn(model: ClusterModel, slot: Slot, wanted: Wanted, now: number): string | null {
  const { generation } = wanted;
  const isThere = model.workers.some((worker) => isSuccessor(worker, slot, generation));
  if (!wanted.spawn || isThere) return null;
  if (model.orphansFirst && model.workers.some(holdsPort)) return null;
  if (startsAlone(model, generation) && !maySetOut(model, { key: model.nextKey, slot, generation })) return null;
  const leaving = model.workers.find((worker) => isReplacedBy(model, worker, slot, generation));
  if (leaving !== undefined && !mayBeReplaced(model, leaving)) return null;
  if (generation === model.current) {
    const record = slotRecord(model, slot);
    if (record.gaveUp || record.notBefore > now) return null;
    if (record.restarts > 0 && leaving === undefined) return 'the worker before it ended';
  }
  if (leaving?.leaving) return `replaces a worker: ${leaving.leaving.reason}`;
  return `slot ${slot} of generation ${generation} is wanted`;
}

const holdsPort = (worker: Worker): boolean => worker.orphan && !('drain' in worker && worker.drain !== 'begun');

function isMate(worker: Worker, slot: Slot, generation: Generation): boolean {
  return worker.slot === slot && worker.generation === generation && isServing(worker) && !worker.orphan;
}

function isSuccessor(worker: Worker, slot: Slot, generation: Generation): boolean {
  return worker.slot === slot && worker.generation === generation && isKeeper(worker);
}

/** It still serves the slot, and is to leave it to a worker of this generation. */
function isReplacedBy(model: ClusterModel, worker: Worker, slot: Slot, generation: Generation): boolean {
  return (
    worker.slot === slot &&
    isServing(worker) &&
    !worker.orphan &&
    worker.leaving !== null &&
    successorGeneration(model, worker) === generation
  );
}

function successorGeneration(model: ClusterModel, worker: Worker): Generation {
  return isLeftover(model, worker) ? model.current : worker.generation;
}

/** Replacements that can wait go one by one; upkeep not beside a deploy, which replaces everybody anyway. */
function mayBeReplaced(model: ClusterModel, leaving: Worker): boolean {
  if (!goesInTurn(leaving)) return true;
  if (model.deploy !== null && leaving.leaving?.kind === 'upkeep') return false;
  // Of another generation, and two do not serve at once: none comes back before all do.
  if (isLeftover(model, leaving) && isExclusive(model)) return true;
  return !model.workers.some((worker) => {
    if (!goesInTurn(worker)) return false;
    if (!isServing(worker)) return true;
    const generation = successorGeneration(model, worker);
    return model.workers.some((other) => other.key > worker.key && isMate(other, worker.slot, generation));
  });
}

const goesInTurn = ({ leaving }: Worker): boolean => leaving?.kind === 'upkeep' || leaving?.kind === 'sick';

/** A delay that is over is forgotten: what may hold the slot back from now on is not a matter of time. */
function endDelays(model: ClusterModel, now: number): ClusterModel {
  const over = Object.values(model.slots).some(({ notBefore }) => notBefore > 0 && notBefore <= now);
  if (!over) return model;
  const slots = Object.entries(model.slots).map(([slot, record]) => [
    slot,
    record.notBefore <= now ? { ...record, notBefore: 0 } : record,
  ]);
  return { ...model, slots: Object.fromEntries(slots) };
}

function spawnWorker(model: ClusterModel, slot: Slot, generation: Generation, now: number, reason: string): Step {
  const key = model.nextKey;
  const { readyTimeout, holdable } = settingsOf(model, generation);
  const gate = holdable && isExclusive(model) ? 'shut' : 'open';
  const base = { key, slot, generation, startedAt: now, leaving: null, orphan: false };
  const worker: Worker = { ...base, state: 'booting', deadline: now + readyTimeout, gate };
  return {
    model: { ...model, nextKey: key + 1, workers: [...model.workers, worker] },
    actions: [{ do: 'spawn', key, slot, generation, gate, reason }],
  };
}

function openGate(model: ClusterModel, worker: Worker & { state: 'standing-by' }, now: number): Step {
  const { key, slot, generation, startedAt, leaving, orphan, left } = worker;
  const base = { key, slot, generation, startedAt, leaving, orphan };
  const booting: Worker = { ...base, state: 'booting', deadline: now + left, gate: 'open' };
  const reason = 'nobody serves beside whom it may not';
  return { model: replaceWorker(model, booting), actions: [{ do: 'open-gate', key, reason }] };
}
