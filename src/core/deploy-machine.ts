// Pure: how a deploy moves from phase to phase. Progress depends only on the workers there are and the time;
// failure is told by `failDeploy`.
//
//   preparing ─▶ (clearing ─▶) booting ─▶ (yielding ─▶) settling ─▶ retiring ─▶ done
//       │             │           │  ▲          │            │         │  (rolling: next batch)
//       │             │           │  └──────────┼────────────┼─────────┘
//       └─────────────┴───────────┴─────────────┴────────────┴──▶ aborting ─▶ failed | aborted | timed-out
//                                                                 │    ▲
//                                                                 ▼    │  (rolling: batch by batch)
//                                                                reverting

import {
  type ClusterAction,
  type ClusterModel,
  type Deploy,
  hasReadyWorker,
  hasWorkerInPlace,
  type SlotRange,
  type Step,
  settingsOf,
  type Verdict,
  type Worker,
} from './cluster-model.ts';
import { describeTimeout } from './describe-timeout.ts';
import { humanDuration } from './human-duration.ts';
import { isOfDeploy, isRetired } from './rollout.ts';
import type { DeployOutcome, Generation, Slot } from './status.ts';

type Ending = Omit<Verdict, 'outcome'> & { readonly outcome: DeployOutcome };

/** Moves on as far as the workers and the time allow. */
export function advanceDeploy(model: ClusterModel, now: number): Step {
  const actions: ClusterAction[] = [];
  let next = model;
  while (next.deploy !== null) {
    const step = advanceOnce(next, next.deploy, now);
    if (step === null) break;
    next = step.model;
    actions.push(...step.actions);
  }
  return { model: next, actions };
}

/** The first phase after the hooks have passed. */
export function beginRollout(model: ClusterModel, deploy: Deploy): ClusterModel {
  const clears = deploy.strategy === 'replace' && deploy.from > 0;
  return { ...model, deploy: clears ? { ...deploy, phase: 'clearing' } : bootFrom(model, deploy, 0) };
}

/** Gives the deploy up, undoing what it did; a deploy that is committed cannot fail any more. */
export function failDeploy(model: ClusterModel, deploy: Deploy, verdict: Verdict): Step {
  if (!canFail(deploy)) return { model, actions: [] };
  if (deploy.phase === 'preparing') return finish(model, deploy, verdict);
  if (deploy.from === 0 && verdict.outcome !== 'aborted') return keepTrying(model, deploy, verdict);
  const { kept, missing } = whatIsDone(model, deploy);
  // We took these workers down, so they come back at once, however often they had crashed before.
  const slots = Object.fromEntries(Object.entries(model.slots).filter(([slot]) => Number(slot) >= missing));
  return to({ ...model, slots }, { ...deploy, phase: 'aborting', verdict, kept, missing });
}

export function isCommitted(deploy: Deploy): boolean {
  return deploy.phase === 'retiring' && deploy.committed;
}

/** What has failed already cannot fail once more. */
export function canFail(deploy: Deploy): boolean {
  return !isCommitted(deploy) && deploy.phase !== 'aborting' && deploy.phase !== 'reverting';
}

function advanceOnce(model: ClusterModel, deploy: Deploy, now: number): Step | null {
  if (now < deploy.deadline) return nextPhase(model, deploy, now);
  // The deadline comes first: what was not committed by then is not done, even if it could be now.
  const verdict = { outcome: 'timed-out', reason: describeTimeout(model, deploy), culprit: null } as const;
  const late = failDeploy(model, deploy, verdict);
  return late.model === model ? nextPhase(model, deploy, now) : late;
}

function nextPhase(model: ClusterModel, deploy: Deploy, now: number): Step | null {
  switch (deploy.phase) {
    case 'preparing':
      return null;
    case 'clearing':
      if (model.workers.some((worker) => isRetired(deploy, worker))) return null;
      return to(model, bootFrom(model, deploy, 0));
    case 'booting':
      if (deploy.strategy !== 'handover' || deploy.from === 0) return settle(model, deploy, now);
      if (!all(deploy.range, deploy.workers, (slot) => hasWorkerInPlace(model, slot, deploy.generation))) return null;
      return to(model, { ...deploy, phase: 'yielding' });
    case 'yielding':
      return settle(model, deploy, now);
    case 'settling':
      // All were ready when it began; one that has not stayed so, but for its own replacement, has failed the deploy.
      if (now < deploy.until) return null;
      return retire(model, deploy, deploy.range);
    case 'retiring':
      return afterRetiring(model, deploy);
    case 'reverting':
      return afterReverting(model, deploy, now);
    case 'aborting':
      return afterAborting(model, deploy, now);
  }
}

function settle(model: ClusterModel, deploy: Deploy & { range: SlotRange }, now: number): Step | null {
  if (!allReady(model, deploy.range, deploy.workers, deploy.generation)) return null;
  return to(model, { ...deploy, phase: 'settling', until: now + deploy.settle });
}

/**
 * The batch that begins at a slot. The last one takes along the slots that the new generation does not have: there is
 * nothing to wait for.
 */
function bootFrom(model: ClusterModel, deploy: Deploy, from: Slot): Deploy {
  const batch = deploy.strategy === 'rolling' && deploy.from > 0 ? deploy.batch : deploy.workers;
  const end = Math.max(deploy.workers, model.desired);
  const to = from + batch >= deploy.workers ? end : from + batch;
  return { ...deploy, phase: 'booting', range: { from, to } };
}

function retire(model: ClusterModel, deploy: Deploy, range: SlotRange): Step {
  const last = range.to >= Math.max(deploy.workers, model.desired);
  const retiring: Deploy = { ...deploy, phase: 'retiring', range, committed: last };
  if (!last) return to(model, retiring);
  return to({ ...model, current: deploy.generation, desired: deploy.workers, slots: {} }, retiring);
}

function afterRetiring(model: ClusterModel, deploy: Deploy & { phase: 'retiring' }): Step | null {
  const { range, committed } = deploy;
  if (model.workers.some((worker) => isRetired(deploy, worker))) return null;
  if (committed) return finish(model, deploy, { outcome: 'done', reason: deploy.reason, culprit: null });
  return to(model, bootFrom(model, deploy, range.to));
}

function afterAborting(model: ClusterModel, deploy: Deploy & { phase: 'aborting' }, now: number): Step | null {
  const { kept, missing, verdict } = deploy;
  if (model.workers.some((worker) => isOfDeploy(deploy, worker) && worker.slot >= kept)) return null;
  if (missing === 0) return finish(model, deploy, verdict);
  const rolls = deploy.strategy === 'rolling';
  // New workers fill the gaps, so there is time to wait for what still goes: there are never more than N + batch.
  if (rolls && model.workers.some((worker) => isGoing(worker) && worker.slot < missing)) return null;
  const from = rolls ? Math.max(0, missing - deploy.batch) : 0;
  const deadline = deploy.served ? now + settingsOf(model, deploy.from).readyTimeout : now;
  return to(model, { ...deploy, phase: 'reverting', verdict, range: { from, to: missing }, deadline });
}

function afterReverting(model: ClusterModel, deploy: Deploy & { phase: 'reverting' }, now: number): Step | null {
  const { range, from } = deploy;
  if (allReady(model, range, model.desired, from)) {
    const verdict =
      deploy.strategy === 'handover' ? add(deploy.verdict, `generation ${from} serves again`) : deploy.verdict;
    return to(model, { ...deploy, phase: 'aborting', verdict, kept: range.from, missing: range.from });
  }
  const isNewThere = model.workers.some((worker) => isOfDeploy(deploy, worker));
  // They can only serve when the new workers have gone.
  if (isNewThere && all(range, model.desired, (slot) => hasWorkerInPlace(model, slot, from))) {
    return to(model, { ...deploy, phase: 'aborting', kept: range.from, missing: range.to });
  }
  if (now < deploy.deadline) return null;
  const patience = humanDuration(settingsOf(model, deploy.from).readyTimeout);
  const remark = deploy.served
    ? `the old generation did not become ready again within ${patience}`
    : 'the old generation did not serve before either, and goes on being tried';
  const late = add(deploy.verdict, remark);
  return finish(markLeftovers(model, deploy), deploy, late);
}

function add(verdict: Verdict, remark: string): Verdict {
  return { ...verdict, reason: `${verdict.reason}; ${remark}` };
}

/** The new workers that still serve go one by one, each when the old one is back. */
function markLeftovers(model: ClusterModel, { generation }: Deploy): ClusterModel {
  const leaving = { reason: `generation ${generation} was given up`, kind: 'upkeep' } as const;
  const workers = model.workers.map((worker) =>
    worker.generation === generation && worker.state === 'ready' && !worker.orphan && worker.leaving === null
      ? { ...worker, leaving }
      : worker,
  );
  return { ...model, workers };
}

const isGoing = ({ state }: Worker): boolean => state === 'draining' || state === 'killing';

function to(model: ClusterModel, deploy: Deploy): Step {
  return { model: { ...model, deploy }, actions: [] };
}

function finish(model: ClusterModel, deploy: Deploy, end: Ending): Step {
  const mode = model.current === 0 ? 'idle' : model.mode;
  return { model: { ...model, mode, deploy: null }, actions: [{ do: 'finish-deploy', deploy, ...end }] };
}

/** A start that failed: said so, but the restart policy goes on trying, as it would after a crash. */
function keepTrying(model: ClusterModel, deploy: Deploy, verdict: Verdict): Step {
  const committed = { ...model, current: deploy.generation, desired: deploy.workers };
  return finish(committed, deploy, verdict);
}

/**
 * `missing`: the old workers of the slots before this one are gone or going, by our doing. `kept`: new ones serve in the
 * slots before this one, and may stay until the old ones are back.
 */
function whatIsDone({ desired }: ClusterModel, deploy: Deploy): { readonly kept: Slot; readonly missing: Slot } {
  const everything = { kept: Math.max(desired, deploy.workers), missing: desired };
  const upTo = (slot: Slot) => ({ kept: Math.min(desired, slot), missing: Math.min(desired, slot) });
  if (deploy.from === 0) return upTo(0);
  switch (deploy.phase) {
    case 'clearing':
      return { ...everything, kept: 0 };
    case 'yielding':
      return everything;
    case 'booting':
    case 'settling':
      if (deploy.strategy === 'replace') return { ...everything, kept: 0 };
      return deploy.strategy === 'handover' && deploy.phase === 'settling' ? everything : upTo(deploy.range.from);
    case 'retiring':
      return upTo(deploy.range.to);
    case 'preparing':
    case 'reverting':
    case 'aborting':
      return upTo(0);
  }
}

function allReady(model: ClusterModel, range: SlotRange, workers: number, generation: Generation): boolean {
  return all(range, workers, (slot) => hasReadyWorker(model, slot, generation));
}

/** Of the slots in the range, those of a generation with so many workers. */
function all(range: SlotRange, workers: number, fits: (slot: Slot) => boolean): boolean {
  for (let slot = range.from; slot < Math.min(range.to, workers); slot += 1) {
    if (!fits(slot)) return false;
  }
  return true;
}
