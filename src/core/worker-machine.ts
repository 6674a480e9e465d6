// Pure: what the life of a single worker does to the cluster (the states are drawn in cluster-model.ts).

import type { ClusterEvent } from './cluster-event.ts';
import {
  type ClusterAction,
  type ClusterModel,
  drainWorker,
  hasCrashed,
  hasFailed,
  isServing,
  type Leaving,
  replaceWorker,
  type Step,
  settingsOf,
  slotRecord,
  URGENCY,
  type Verdict,
  type Worker,
  type WorkerKey,
} from './cluster-model.ts';
import { canFail, failDeploy } from './deploy-machine.ts';
import { humanDuration } from './human-duration.ts';
import { recordFailure } from './restart-policy.ts';
import { isOfDeploy } from './rollout.ts';
import type { DeployOutcome } from './status.ts';

export function reachGate(model: ClusterModel, key: WorkerKey, now: number): ClusterModel {
  const worker = find(model, key);
  if (worker?.state !== 'booting' || worker.gate === 'open') return model;
  const { slot, generation, startedAt, leaving, orphan, deadline } = worker;
  const base = { key, slot, generation, startedAt, leaving, orphan };
  return replaceWorker(model, { ...base, state: 'standing-by', left: Math.max(0, deadline - now) });
}

export function becomeReady(model: ClusterModel, key: WorkerKey, now: number): ClusterModel {
  const worker = find(model, key);
  if (worker?.state !== 'booting') return model;
  const { slot, generation, startedAt, leaving, orphan } = worker;
  return replaceWorker(model, { key, slot, generation, startedAt, leaving, orphan, state: 'ready', since: now });
}

export function advanceDrain(model: ClusterModel, key: WorkerKey, stage: 'quiet' | 'drained'): ClusterModel {
  const worker = find(model, key);
  if (worker?.state !== 'draining' && worker?.state !== 'killing') return model;
  return worker.drain === 'drained' ? model : replaceWorker(model, { ...worker, drain: stage });
}

/** Marks workers to be replaced; one that is marked already keeps its first reason. */
export function leave(
  model: ClusterModel,
  keys: readonly WorkerKey[],
  reason: string,
  kind: Leaving['kind'],
): ClusterModel {
  const workers = model.workers.map((worker) => {
    if (!keys.includes(worker.key) || !isServing(worker) || worker.orphan) return worker;
    if (worker.leaving !== null && URGENCY[worker.leaving.kind] >= URGENCY[kind]) return worker;
    return { ...worker, leaving: { reason, kind } };
  });
  return { ...model, workers };
}

/** Workers that are to be replaced, since this step; each is told once. */
export function newlyLeaving(before: ClusterModel, after: ClusterModel): readonly Worker[] {
  return after.workers.filter((worker) => {
    const known = before.workers.find(({ key }) => key === worker.key);
    return isServing(worker) && worker.leaving !== null && worker.leaving.kind !== known?.leaving?.kind;
  });
}

/** An exception was not caught in it: it goes as if it had ended, only later and gracefully. */
export function crash(model: ClusterModel, key: WorkerKey, reason: string, now: number, random: number): Step {
  const worker = find(model, key);
  if (worker === undefined || !isServing(worker) || worker.orphan || hasCrashed(worker)) {
    return { model, actions: [] };
  }
  const left = leave(model, [key], reason, 'crashed');
  // Its health checks had failed before: that was counted.
  if (hasFailed(worker)) return { model: left, actions: [] };
  const isNeeded = worker.state === 'ready' && !isOnTrial(model, worker);
  // What nobody depends on yet need not wait for a successor.
  if (!isNeeded) return fail(left, { key, reason, random }, 'failed', now);
  return recordRestart(left, worker, reason, now, random);
}

/** A worker's process is gone. */
export function exit(model: ClusterModel, event: ClusterEvent & { type: 'worker-exited' }, now: number): Step {
  const worker = find(model, event.key);
  if (worker === undefined) return { model, actions: [] };
  const rest = countLoss({ ...model, workers: model.workers.filter((other) => other !== worker) }, worker, event);
  if (!isServing(worker) || worker.orphan || hasFailed(worker)) return { model: rest, actions: [] };
  const reason = `${event.how}${whenIn(worker, event, now)}`;
  return afterFailure(rest, worker, reason, 'failed', now, event.random);
}

function whenIn(worker: Worker, { neverRan }: ClusterEvent & { type: 'worker-exited' }, now: number): string {
  if (neverRan === true) return '';
  return worker.state === 'ready' ? ` ${humanDuration(now - worker.since)} after it was ready` : ' before it was ready';
}

type Failed = Omit<ClusterEvent & { type: 'worker-failed' }, 'type'>;

/** A worker that is of no use: it drains, and counts as a failure at once. */
export function fail(model: ClusterModel, event: Failed, outcome: Exclude<DeployOutcome, 'done'>, now: number): Step {
  const { key, reason, random } = event;
  const worker = find(model, key);
  if (worker === undefined || !isServing(worker) || worker.orphan) return { model, actions: [] };
  if (worker.state === 'ready' && !isOnTrial(model, worker)) return fallSick(model, worker, event, now);
  const drained = drainWorker(model, worker, now, reason);
  const failed = afterFailure(drained.model, worker, reason, outcome, now, random);
  return { model: failed.model, actions: [...drained.actions, ...failed.actions] };
}

/** It may still serve: its replacement comes first, and that as soon as a worker that had ended would come back. */
function fallSick(model: ClusterModel, worker: Worker, { reason, random, sickFor = 0 }: Failed, now: number): Step {
  const left = leave(model, [worker.key], reason, 'sick');
  const isNew = !hasFailed(worker) && find(left, worker.key)?.leaving?.kind === 'sick';
  return isNew ? recordRestart(left, worker, reason, now, random, sickFor) : { model: left, actions: [] };
}

/** What deadlines bring: a boot that took too long, a drain that took too long. */
export function whenDue(model: ClusterModel, event: ClusterEvent & { type: 'tick' }, now: number): Step {
  const actions: ClusterAction[] = [];
  let next = model;
  for (const worker of model.workers) {
    const step = workerDue(next, worker, event, now);
    if (step === null) continue;
    next = step.model;
    actions.push(...step.actions);
  }
  return { model: next, actions };
}

/**
 * No drain of these workers lasts beyond `deadline`. `reason`: why one that did not end by then is killed; absent: its
 * stop timeout was over.
 */
export function shorten(
  model: ClusterModel,
  deadline: number,
  which: (worker: Worker) => boolean = () => true,
  reason?: string,
): ClusterModel {
  const workers = model.workers.map((worker) => {
    if (worker.state !== 'draining' || worker.deadline <= deadline || !which(worker)) return worker;
    return { ...worker, deadline, ...(reason === undefined ? {} : { hurriedBy: reason }) };
  });
  return { ...model, workers };
}

function workerDue(
  model: ClusterModel,
  worker: Worker,
  { awaited, random }: ClusterEvent & { type: 'tick' },
  now: number,
): Step | null {
  if (worker.state === 'draining' && worker.deadline <= now) {
    return kill(model, worker, worker.hurriedBy ?? 'it did not end within its stop timeout');
  }
  if (worker.state !== 'booting' || worker.deadline > now) return null;
  const waited = settingsOf(model, worker.generation).readyTimeout;
  const missing = awaited?.[worker.key];
  const reason = `was not ready within ${humanDuration(waited)}${missing === undefined ? '' : `: ${missing}`}`;
  return fail(model, { key: worker.key, reason, random }, 'timed-out', now);
}

function kill(model: ClusterModel, worker: Worker & { state: 'draining' }, reason: string): Step {
  const { key, slot, generation, startedAt, leaving, orphan } = worker;
  const { drain } = worker;
  const killing: Worker = { key, slot, generation, startedAt, leaving, orphan, state: 'killing', reason, drain };
  return { model: replaceWorker(model, killing), actions: [{ do: 'kill', key, reason }] };
}

/** New workers of a deploy are on trial until it is committed, or has failed: one failure fails the deploy. */
function isOnTrial(model: ClusterModel, worker: Worker): boolean {
  return model.deploy !== null && canFail(model.deploy) && worker.generation === model.deploy.generation;
}

/** `why`: what it did, as in `exited with code 1`. */
function afterFailure(
  model: ClusterModel,
  worker: Worker,
  why: string,
  outcome: Verdict['outcome'],
  now: number,
  random: number,
): Step {
  const { deploy } = model;
  if (deploy === null || !isOnTrial(model, worker)) return recordRestart(model, worker, why, now, random);
  const { key: culprit, slot } = worker;
  const failed = failDeploy(model, deploy, { outcome, reason: `worker ${slot} ${why}`, culprit });
  if (failed.model.current !== worker.generation) return failed;
  // A failed start is committed all the same, and its workers come back by the restart policy.
  const recorded = recordRestart(failed.model, worker, why, now, random);
  return { model: recorded.model, actions: [...failed.actions, ...recorded.actions] };
}

function recordRestart(
  model: ClusterModel,
  worker: Worker,
  why: string,
  now: number,
  random: number,
  sickFor = 0,
): Step {
  const { slot, generation } = worker;
  if (generation !== model.current || slot >= model.desired) return { model, actions: [] };
  const policy = settingsOf(model, generation).restart;
  const readyFor = worker.state === 'ready' ? Math.max(0, now - worker.since - sickFor) : null;
  const record = recordFailure(slotRecord(model, slot), policy, readyFor, now, random, why);
  const { failures } = record;
  const next = { ...model, slots: { ...model.slots, [slot]: record } };
  const reason = `${failures} quick failures in a row`;
  if (record.gaveUp) return { model: next, actions: [{ do: 'give-up', slot, failures, reason }] };
  const delay = record.notBefore - now;
  return { model: next, actions: delay === 0 ? [] : [{ do: 'backoff', slot, delay, failures, reason }] };
}

function countLoss(model: ClusterModel, worker: Worker, event: ClusterEvent & { type: 'worker-exited' }): ClusterModel {
  const { deploy } = model;
  if (deploy === null || isOfDeploy(deploy, worker)) return model;
  const { loss } = deploy;
  const killed = loss.killed + (worker.state === 'killing' ? 1 : 0);
  const [finished, cut] = [sum(loss.finished, event.finished), sum(loss.cut, event.cut)];
  return { ...model, deploy: { ...deploy, loss: { finished, cut, killed } } };
}

/** What was not counted makes the whole unknown. */
function sum(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function find(model: ClusterModel, key: WorkerKey): Worker | undefined {
  return model.workers.find((worker) => worker.key === key);
}
