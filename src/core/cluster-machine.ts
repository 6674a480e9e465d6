// Pure: one step of a cluster. An event changes what is known, the deploy moves on as far as it can, then workers are
// planned. `nextWake` says when time itself will be the next event.

import type { ClusterEvent } from './cluster-event.ts';
import { type ClusterAction, type ClusterModel, NO_LOSS, type Step, slotRecord, type Worker } from './cluster-model.ts';
import { advanceDeploy, beginRollout, failDeploy, isCommitted } from './deploy-machine.ts';
import { isOfDeploy } from './rollout.ts';
import type { Milliseconds } from './spec.ts';
import * as workers from './worker-machine.ts';
import { planWorkers } from './worker-plan.ts';

/**
 * For old workers when "finish now" is asked for: a client that keeps its connection learns from the next answer that it
 * closes, and nearly all ask again within it.
 */
export const LAST_GRACE: Milliseconds = 1_000;

export function stepCluster(model: ClusterModel, event: ClusterEvent, now: number): Step {
  const happened = apply(model, event, now);
  const advanced = advanceDeploy(happened.model, now);
  const planned = planWorkers(advanced.model, now);
  // A worker that drains may be all that a phase waited for to be gone: it is still there, so no second round is needed.
  return {
    model: forgetSettings(planned.model),
    actions: [...happened.actions, ...advanced.actions, ...planned.actions],
  };
}

/** The next time at which a `tick` changes something, be it past by now; null: none. */
export function nextWake(model: ClusterModel): number | null {
  const times: number[] = [];
  for (const worker of model.workers) {
    if (worker.state === 'booting' || worker.state === 'draining') times.push(worker.deadline);
  }
  for (const record of Object.values(model.slots)) {
    if (record.notBefore > 0 && !record.gaveUp) times.push(record.notBefore);
  }
  const { deploy } = model;
  if (deploy?.phase === 'settling') times.push(deploy.until);
  if (deploy !== null && !isCommitted(deploy) && deploy.phase !== 'aborting') times.push(deploy.deadline);
  return times.length === 0 ? null : Math.min(...times);
}

function apply(model: ClusterModel, event: ClusterEvent, now: number): Step {
  switch (event.type) {
    case 'deploy':
      return startDeploy(model, event, now);
    case 'hooks-passed':
      if (model.deploy?.phase !== 'preparing' || model.deploy.generation !== event.generation) return same(model);
      return same(beginRollout(model, model.deploy));
    case 'hooks-failed':
      if (model.deploy?.phase !== 'preparing' || model.deploy.generation !== event.generation) return same(model);
      return failDeploy(model, model.deploy, { outcome: 'failed', reason: event.reason, culprit: null });
    case 'worker-at-gate':
      return same(workers.reachGate(model, event.key, now));
    case 'worker-ready':
      return same(workers.becomeReady(model, event.key, now));
    case 'worker-exited':
      return workers.exit(model, event, now);
    case 'worker-failed':
      return workers.fail(model, event, 'failed', now);
    case 'worker-leaving':
      return same(workers.leave(model, [event.key], event.reason, event.kind));
    case 'worker-crashed':
      return workers.crash(model, event.key, event.reason, now, event.random);
    case 'all-leaving':
      return same(workers.leave(model, keysOf(model.workers), event.reason, 'upkeep'));
    case 'worker-quiet':
      return same(workers.advanceDrain(model, event.key, 'quiet'));
    case 'worker-drained':
      return same(workers.advanceDrain(model, event.key, 'drained'));
    case 'abort':
      return abort(model, event.reason, now);
    case 'scale':
      return model.deploy === null ? same(scale(model, event.workers)) : same(model);
    case 'settings':
      return same({ ...model, settings: { ...model.settings, [event.generation]: event.settings } });
    case 'stop':
      return stop(model, event.timeout, now);
    case 'resume':
      return same(resume(model, event));
    case 'orphan-found':
      return same(takeOrphan(model, event, now));
    case 'tick':
      return workers.whenDue(model, event, now);
  }
}

const same = (model: ClusterModel): Step => ({ model, actions: [] });
const keysOf = (list: readonly Worker[]) => list.map((worker) => worker.key);

function startDeploy(model: ClusterModel, event: ClusterEvent & { type: 'deploy' }, now: number): Step {
  if (model.deploy !== null || model.mode === 'stopping') return same(model);
  const { generation, reason, strategy, workers, batch, settle, timeout } = event;
  const from = model.mode === 'idle' ? 0 : model.current;
  const next: ClusterModel = {
    ...model,
    mode: 'running',
    settings: { ...model.settings, [generation]: event.settings },
  };
  const deploy = {
    ...{ generation, from, reason, strategy, workers, batch, loss: NO_LOSS },
    served: serves(model),
    // A start has nothing to fall back to, so there is nothing to wait beside.
    settle: from === 0 ? 0 : settle,
    startedAt: now,
    deadline: now + timeout,
    phase: 'preparing' as const,
  };
  if (!event.hooks) return same(beginRollout(next, deploy));
  return { model: { ...next, deploy }, actions: [{ do: 'run-before-hooks', generation, reason }] };
}

/** A worker is ready, or between two lives: one quick failure is no loop of them yet. */
function serves(model: ClusterModel): boolean {
  if (model.workers.some((worker) => worker.generation === model.current && worker.state === 'ready')) return true;
  return Array.from({ length: model.desired }, (_, slot) => slotRecord(model, slot)).some(
    ({ failures, gaveUp }) => failures <= 1 && !gaveUp,
  );
}

function abort(model: ClusterModel, reason: string, now: number): Step {
  const { deploy } = model;
  if (deploy === null) return same(model);
  if (isCommitted(deploy)) {
    return same(workers.shorten(model, now + LAST_GRACE, (worker) => !isOfDeploy(deploy, worker), reason));
  }
  return failDeploy(model, deploy, { outcome: 'aborted', reason, culprit: null });
}

function scale(model: ClusterModel, count: number): ClusterModel {
  const slots = Object.fromEntries(Object.entries(model.slots).filter(([slot]) => Number(slot) < count));
  return { ...model, desired: count, slots };
}

function stop(model: ClusterModel, timeout: number | null, now: number): Step {
  const actions: ClusterAction[] = [];
  if (model.deploy !== null) {
    const outcome = isCommitted(model.deploy) ? 'done' : 'aborted';
    const reason = outcome === 'done' ? model.deploy.reason : 'the app was stopped';
    actions.push({ do: 'finish-deploy', deploy: model.deploy, outcome, reason, culprit: null });
  }
  const stopping: ClusterModel = { ...model, mode: 'stopping', stopTimeout: timeout, deploy: null };
  if (timeout === null) return { model: stopping, actions };
  return { model: workers.shorten(stopping, now + timeout), actions };
}

function resume(model: ClusterModel, event: ClusterEvent & { type: 'resume' }): ClusterModel {
  if (model.mode !== 'idle') return model;
  const { generation, workers } = event;
  const settings = { ...model.settings, [generation]: event.settings };
  return { ...model, mode: 'running', current: generation, desired: workers, settings };
}

/** It serves until ours are ready, or goes first where it has a port that ours need. */
function takeOrphan(model: ClusterModel, event: ClusterEvent & { type: 'orphan-found' }, now: number): ClusterModel {
  const { key, slot, generation, orphansFirst } = event;
  const times = { startedAt: now, since: now };
  const orphan: Worker = { key, slot, generation, ...times, leaving: null, orphan: true, state: 'ready' };
  return {
    ...{ ...model, orphansFirst, workers: [...model.workers, orphan] },
    settings: { [generation]: event.settings, ...model.settings },
    nextKey: Math.max(model.nextKey, key + 1),
  };
}

/** Settings are kept for the generation that serves, the one being deployed, and every worker there still is. */
function forgetSettings(model: ClusterModel): ClusterModel {
  const needed = new Set([
    model.current,
    model.deploy?.generation,
    model.deploy?.from,
    ...model.workers.map((w) => w.generation),
  ]);
  const kept = Object.entries(model.settings).filter(([generation]) => needed.has(Number(generation)));
  if (kept.length === Object.keys(model.settings).length) return model;
  return { ...model, settings: Object.fromEntries(kept) };
}
