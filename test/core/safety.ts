// What must never happen to a cluster, checked after every single step. Each property has a name and throws with it.

import { isDeepStrictEqual } from 'node:util';
import { nextWake, stepCluster } from '../../src/core/cluster-machine.ts';
import {
  type ClusterAction,
  type ClusterModel,
  type Deploy,
  isExclusive,
  isInPlace,
  isServing,
  slotRecord,
  startsAlone,
  type Worker,
} from '../../src/core/cluster-model.ts';
import { heir, isLeftover } from '../../src/core/rollout.ts';
import type { Finish, StepRecord } from './simulator.ts';

type Property = (record: StepRecord) => void;

/** Checks every step of a run; what a run has seen so far (keys, generations) is remembered. */
export function safetyWatch(): Property {
  const keys = new Map<number, number>();
  const replacements = new Set<number>();
  let workersBefore = 0;
  const mayBeServing = new Map<number, Worker>();
  return (record) => {
    onlyOneGenerationServes(record, mayBeServing);
    for (const property of PROPERTIES) property(record);
    keysAreNeverReused(record, keys);
    if (record.before.deploy === null) workersBefore = record.before.desired;
    for (const action of record.actions) {
      if (action.do === 'spawn' && action.reason.startsWith('replaces a worker')) replacements.add(action.key);
    }
    rollingKeepsItsPeak(record, workersBefore, replacements);
  };
}

const PROPERTIES: readonly Property[] = [
  noSlotLosesItsLastReadyWorker,
  noMoreWorkersThanAllowed,
  replaceNeverRunsTwoGenerations,
  noStartBesideAnOrphanThatHoldsThePort,
  noDeadlineEndsInSuccess,
  planningIsIdempotent,
  everyDeployIsFinishedOnce,
  everyActionHasAReason,
  sameInputsSameOutputs,
  wakingNeverSpins,
];

/** I1: we never take away the last ready worker of a slot, but for the cases named here. */
function noSlotLosesItsLastReadyWorker(record: StepRecord): void {
  const { before, after, actions } = record;
  for (const worker of before.workers) {
    if (worker.state !== 'ready' || !actions.some((action) => action.do === 'drain' && action.key === worker.key)) {
      continue;
    }
    const another = after.workers.some((other) => other.slot === worker.slot && isInPlace(after, other));
    if (!another && !mayBeTakenAway(record, worker)) violated('I1', record, `slot ${worker.slot} lost its last`);
  }
}

function mayBeTakenAway({ before, event, after }: StepRecord, worker: Worker): boolean {
  const deploy = after.deploy ?? before.deploy;
  if (after.mode !== 'running' || worker.slot >= after.desired) return true;
  if (worker.orphan && after.orphansFirst) return true;
  // Nobody will come in its place, but others of the app wait for it to go.
  const othersWait = [...before.workers, ...after.workers].some(({ state }) => state === 'standing-by');
  const isPast = worker.orphan || worker.generation !== after.current;
  if (isPast && slotRecord(after, worker.slot).gaveUp && othersWait) return true;
  // What comes in its place cannot be started before it has gone.
  if (startsAlone(after, heir(after))) return true;
  // It has crashed, and nobody will ever come in its place.
  const crashed = after.workers.some(({ key, leaving }) => key === worker.key && leaving?.kind === 'crashed');
  if (crashed && slotRecord(after, worker.slot).gaveUp) return true;
  if (deploy === null) return false;
  if (deploy.strategy === 'replace') return true;
  if (deploy.from === 0 && worker.slot >= deploy.workers) return true;
  if (worker.generation !== deploy.generation) {
    return (deploy.phase === 'retiring' || deploy.phase === 'yielding') && worker.slot >= deploy.workers;
  }
  // A new worker on trial: it failed, or what is beside it is an old one that crashed by itself.
  const hasFailed = event.type === 'worker-failed' || event.type === 'worker-crashed';
  if (hasFailed && event.key === worker.key) return true;
  return worker.slot >= replacedBefore(before.deploy);
}

/** Slots below this one had only a new worker, so an old one has to be back first. */
function replacedBefore(deploy: Deploy | null): number {
  switch (deploy?.phase) {
    case 'booting':
      return deploy.range.from;
    case 'settling':
      return deploy.strategy === 'handover' ? deploy.range.to : deploy.range.from;
    case 'yielding':
    case 'retiring':
    case 'reverting':
      return deploy.range.to;
    case 'aborting':
      return deploy.kept;
    default:
      return 0;
  }
}

/** I2: what is alive and not on its way out stays within what the deploy's strategy allows. */
function noMoreWorkersThanAllowed(record: StepRecord): void {
  const { after } = record;
  const ours = after.workers.filter((worker) => !worker.orphan);
  const serving = ours.filter((worker) => isServing(worker) && !isLeftover(after, worker));
  const pairs = new Set(serving.map(slotAndGeneration));
  for (const pair of pairs) {
    const mates = serving.filter((worker) => slotAndGeneration(worker) === pair);
    const leaving = mates.some((worker) => worker.state === 'ready' && worker.leaving !== null);
    if (mates.length > (leaving ? 2 : 1)) violated('I2', record, `${mates.length} workers serve as ${pair}`);
  }
  if (pairs.size > pairsAllowed(after)) violated('I2', record, `${pairs.size} workers serve`);
  if (recycledAtOnce(ours).length > 1) violated('I2', record, 'more than one worker is recycled at once');
}

/** I2, rolling: there and back never more than N + batch, but for those that leave or end for reasons of their own. */
function rollingKeepsItsPeak(record: StepRecord, workersBefore: number, replacements: ReadonlySet<number>): void {
  const { deploy, workers } = record.after;
  if (deploy?.strategy !== 'rolling') return;
  const reasons = [`replaced by generation ${deploy.generation}`, 'the deploy was given up'];
  const alive = workers.filter((worker) => {
    if (worker.orphan || worker.leaving !== null || replacements.has(worker.key)) return false;
    if (worker.generation !== deploy.generation && worker.generation !== deploy.from) return isServing(worker);
    return isServing(worker) || (worker.state === 'draining' && reasons.includes(worker.reason));
  });
  const peak = Math.max(workersBefore, deploy.workers) + (deploy.from === 0 ? 0 : deploy.batch);
  const names = new Set(alive.map((worker) => `${slotAndGeneration(worker)} ${isServing(worker)}`));
  if (names.size > peak) violated('I2', record, `${names.size} workers during a rolling deploy, more than ${peak}`);
}

function pairsAllowed({ mode, deploy, desired }: ClusterModel): number {
  if (mode !== 'running') return 0;
  if (deploy === null) return desired;
  return deploy.from === 0 ? deploy.workers : desired + deploy.workers;
}

/** Slots whose worker is replaced for a reason that can wait. */
function recycledAtOnce(ours: readonly Worker[]): readonly Worker[] {
  return ours.filter((worker) => {
    if (worker.leaving === null || worker.state === 'killing') return false;
    if (worker.leaving.kind !== 'upkeep' && worker.leaving.kind !== 'sick') return false;
    if (worker.state === 'draining') return worker.reason === worker.leaving.reason;
    return ours.some((other) => other.key > worker.key && isServing(other) && isMate(other, worker));
  });
}

/** Strategy replace: a new worker starts when all others of ours are gone, an old one when the new are. */
function replaceNeverRunsTwoGenerations(record: StepRecord): void {
  const { before, after, actions } = record;
  const deploy = after.deploy ?? before.deploy;
  if (deploy?.strategy !== 'replace') return;
  for (const action of actions) {
    if (action.do !== 'spawn') continue;
    const isNew = action.generation === deploy.generation;
    const other = after.workers.find(
      ({ generation, orphan }) =>
        !orphan && (isNew ? generation !== deploy.generation : generation === deploy.generation),
    );
    if (other !== undefined) violated('replace', record, `generation ${other.generation} is still there`);
  }
}

/**
 * Strategy handover: a worker is let go only when no worker of another generation, and none before it in its slot, may
 * serve. `serving`: those that may, by what they were told and what they said.
 */
function onlyOneGenerationServes(record: StepRecord, serving: Map<number, Worker>): void {
  const { event, actions, after } = record;
  for (const { key } of record.before.workers.filter(({ orphan }) => orphan)) serving.delete(key);
  for (const worker of after.workers.filter(({ orphan }) => orphan)) {
    if (!('drain' in worker && worker.drain === 'drained')) serving.set(worker.key, worker);
  }
  if (event.type === 'worker-exited') serving.delete(event.key);
  const isDraining = record.before.workers.some(
    ({ key, state }) => 'key' in event && key === event.key && (state === 'draining' || state === 'killing'),
  );
  if (event.type === 'worker-drained' && isDraining) serving.delete(event.key);
  const isExclusiveNow = isExclusive(after);
  for (const action of actions) {
    if (action.do !== 'open-gate' && action.do !== 'spawn') continue;
    if (action.do === 'spawn' && action.gate === 'shut') continue;
    const worker = after.workers.find(({ key }) => key === action.key);
    if (worker === undefined) violated('handover', record, `worker ${action.key} is not there`);
    const isBeside = (other: Worker) => other.generation !== worker.generation || other.slot === worker.slot;
    const beside = [...serving.values()].find((other) => isBeside(other));
    const isHoldable = after.settings[worker.generation]?.holdable === true;
    if (isExclusiveNow && isHoldable && action.do === 'spawn') {
      violated('handover', record, `worker ${action.key} is not held`);
    }
    if (isExclusiveNow && beside !== undefined) violated('handover', record, `${action.key} beside ${beside.key}`);
    serving.set(action.key, worker);
  }
}

/** Where orphans hold a port that ours need, ours start only when every orphan is quiet or gone. */
function noStartBesideAnOrphanThatHoldsThePort(record: StepRecord): void {
  const { after, actions } = record;
  if (!after.orphansFirst || actions.every((action) => action.do !== 'spawn')) return;
  const holder = after.workers.find((worker) => worker.orphan && !('drain' in worker && worker.drain !== 'begun'));
  if (holder !== undefined) violated('orphans first', record, `orphan ${holder.key} is ${holder.state}`);
}

/** I4: done means committed, and nothing is committed at or after its deadline. */
function noDeadlineEndsInSuccess(record: StepRecord): void {
  const { before, after, now } = record;
  for (const { deploy, outcome } of finishes(record.actions)) {
    const committed = deploy.phase === 'retiring' && deploy.committed;
    if (committed !== (outcome === 'done')) violated('I4', record, `${deploy.phase} ended as ${outcome}`);
  }
  const deploy = before.deploy;
  if (deploy === null || isCommitted(deploy) || now < deploy.deadline) return;
  const success = finishes(record.actions).some(({ outcome }) => outcome === 'done');
  if (success || (after.deploy !== null && isCommitted(after.deploy))) violated('I4', record, 'committed too late');
}

/** I5: right after a step there is nothing left to do. */
function planningIsIdempotent(record: StepRecord): void {
  const again = stepCluster(record.after, { type: 'tick', random: 0.5 }, record.now);
  const isDue = record.after.workers.some((worker) => 'deadline' in worker && worker.deadline <= record.now);
  if (isDue && record.event.type !== 'tick') return;
  if (again.actions.length > 0) violated('I5', record, `a second step asks for ${JSON.stringify(again.actions)}`);
  if (!isDeepStrictEqual(again.model, record.after)) violated('I5', record, 'a second step changes the model');
}

/** I6: a key names one worker of one generation for ever; the generation that serves only grows. */
function keysAreNeverReused(record: StepRecord, keys: Map<number, number>): void {
  const known = Math.max(0, ...keys.keys());
  for (const action of record.actions) {
    if (action.do === 'spawn' && action.key <= known) violated('I6', record, `key ${action.key} was used before`);
  }
  for (const { key, generation } of record.after.workers) {
    if ((keys.get(key) ?? generation) !== generation) violated('I6', record, `worker ${key} changed its generation`);
    keys.set(key, generation);
  }
  if (record.after.current < record.before.current) violated('I6', record, 'the generation went back');
}

/** I7 (with the liveness tests): a deploy that is over has been finished exactly once, by its own name. */
function everyDeployIsFinishedOnce(record: StepRecord): void {
  const { before, after } = record;
  const finished = finishes(record.actions).map(({ deploy }) => deploy.generation);
  const over = before.deploy !== null && after.deploy === null ? [before.deploy.generation] : [];
  if (!isDeepStrictEqual(finished, over)) violated('I7', record, `over: ${over}, finished: ${finished}`);
  const changed =
    before.deploy !== null && after.deploy !== null && before.deploy.generation !== after.deploy.generation;
  if (changed) violated('I7', record, 'a deploy was replaced by another');
}

/** I8. */
function everyActionHasAReason(record: StepRecord): void {
  for (const action of record.actions) {
    if (action.reason.trim() === '') violated('I8', record, `no reason to ${action.do}`);
  }
}

/** I9: no clock, no chance, no hidden state. */
function sameInputsSameOutputs(record: StepRecord): void {
  const again = stepCluster(record.before, record.event, record.now);
  if (!isDeepStrictEqual(again, { model: record.after, actions: record.actions })) violated('I9', record, 'differs');
}

/** A wake-up that is due changes something. */
function wakingNeverSpins(record: StepRecord): void {
  const wake = nextWake(record.after);
  if (wake === null) return;
  const woken = stepCluster(record.after, { type: 'tick', random: 0.5 }, Math.max(wake, record.now));
  const next = nextWake(woken.model);
  const moved = next === null || next > wake || !isDeepStrictEqual(woken.model, record.after);
  if (!moved) violated('nextWake', record, `asks again and again to be woken at ${wake}`);
}

const finishes = (actions: readonly ClusterAction[]): readonly Finish[] =>
  actions.filter((action): action is Finish => action.do === 'finish-deploy');
const isCommitted = (deploy: Deploy): boolean => deploy.phase === 'retiring' && deploy.committed;
const slotAndGeneration = ({ slot, generation }: Worker): string => `${slot}@${generation}`;
const isMate = (a: Worker, b: Worker): boolean => slotAndGeneration(a) === slotAndGeneration(b);

function violated(property: string, { before, event, actions, after, now }: StepRecord, what: string): never {
  throw new Error(`${property}: ${what}\n${JSON.stringify({ now, before, event, actions, after }, null, 1)}`);
}
