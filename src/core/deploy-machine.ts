// Pure: how a deploy moves from phase to phase. Progress depends only on the workers there are and the time;
// failure is told by `failDeploy`.
//
//   preparing ─▶ (clearing ─▶) booting ─▶ settling ─▶ retiring ─▶ done
//       │             │           │  ▲        │         │  (rolling: next batch)
//       │             │           │  └────────┼─────────┘
//       └─────────────┴───────────┴───────────┴──▶ (reverting ─▶) aborting ─▶ failed | aborted | timed-out

import {
  type ClusterAction,
  type ClusterModel,
  type Deploy,
  hasReadyWorker,
  type SlotRange,
  type Step,
  settingsOf,
  type Verdict,
} from './cluster-model.ts';
import { isOfDeploy, isRetired } from './rollout.ts';
import type { DeployOutcome, Generation } from './status.ts';

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
  const started: Deploy =
    deploy.strategy === 'replace' && deploy.from > 0
      ? { ...deploy, phase: 'clearing' }
      : { ...deploy, phase: 'booting', range: firstRange(model, deploy) };
  return { ...model, deploy: started };
}

/** Gives the deploy up, undoing what it did; a deploy that is committed cannot fail any more. */
export function failDeploy(model: ClusterModel, deploy: Deploy, verdict: Verdict, now: number): Step {
  if (isCommitted(deploy) || deploy.phase === 'aborting' || deploy.phase === 'reverting') return { model, actions: [] };
  if (deploy.phase === 'preparing') return finish(model, deploy, verdict);
  if (deploy.from === 0 && verdict.outcome !== 'aborted') return keepTrying(model, deploy, verdict);
  const replaced = replacedSlots(deploy);
  if (replaced.to > 0) return revert(model, deploy, verdict, replaced, now);
  return to(model, { ...deploy, phase: 'aborting', verdict });
}

export function isCommitted(deploy: Deploy): boolean {
  return deploy.phase === 'retiring' && deploy.committed;
}

function advanceOnce(model: ClusterModel, deploy: Deploy, now: number): Step | null {
  if (now < deploy.deadline) return nextPhase(model, deploy, now);
  // The deadline comes first: what was not committed by then is not done, even if it could be now.
  const verdict = { outcome: 'timed-out', reason: 'the deploy took longer than its timeout', culprit: null } as const;
  const late = failDeploy(model, deploy, verdict, now);
  return late.model === model ? nextPhase(model, deploy, now) : late;
}

function nextPhase(model: ClusterModel, deploy: Deploy, now: number): Step | null {
  switch (deploy.phase) {
    case 'preparing':
      return null;
    case 'clearing':
      if (model.workers.some((worker) => isRetired(deploy, worker))) return null;
      return to(model, { ...deploy, phase: 'booting', range: firstRange(model, deploy) });
    case 'booting':
      if (!allReady(model, deploy.range, deploy.workers, deploy.generation)) return null;
      return to(model, { ...deploy, phase: 'settling', until: now + deploy.settle });
    case 'settling':
      if (now < deploy.until || !allReady(model, deploy.range, deploy.workers, deploy.generation)) return null;
      return retire(model, deploy, deploy.range);
    case 'retiring':
      return afterRetiring(model, deploy);
    case 'reverting': {
      const back = allReady(model, deploy.range, model.desired, deploy.from);
      if (!back && now < deploy.deadline) return null;
      const verdict = back
        ? deploy.verdict
        : {
            ...deploy.verdict,
            reason: `${deploy.verdict.reason}; the old generation did not become ready again in time`,
          };
      return to(model, { ...deploy, strategy: 'rolling', phase: 'aborting', verdict });
    }
    case 'aborting':
      return afterAborting(model, deploy, now);
  }
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
  return to(model, { ...deploy, phase: 'booting', range: { from: range.to, to: range.to + deploy.batch } });
}

function afterAborting(model: ClusterModel, deploy: Deploy & { phase: 'aborting' }, now: number): Step | null {
  if (model.workers.some((worker) => isOfDeploy(deploy, worker))) return null;
  if (deploy.strategy === 'replace' && deploy.from > 0) {
    return revert(model, deploy, deploy.verdict, { from: 0, to: model.desired }, now);
  }
  return finish(model, deploy, deploy.verdict);
}

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

function revert(model: ClusterModel, deploy: Deploy, verdict: Verdict, range: SlotRange, now: number): Step {
  const deadline = now + settingsOf(model, deploy.from).readyTimeout;
  // We took these workers down, so they come back at once, however often they had crashed before.
  const slots = Object.fromEntries(Object.entries(model.slots).filter(([slot]) => Number(slot) >= range.to));
  return to({ ...model, slots }, { ...deploy, phase: 'reverting', verdict, range, deadline });
}

/** Slots whose old worker is gone or going. */
function replacedSlots(deploy: Deploy): SlotRange {
  switch (deploy.phase) {
    case 'booting':
    case 'settling':
      return { from: 0, to: deploy.strategy === 'replace' ? 0 : deploy.range.from };
    case 'retiring':
      return { from: 0, to: deploy.range.to };
    case 'preparing':
    case 'clearing':
    case 'reverting':
    case 'aborting':
      return { from: 0, to: 0 };
  }
}

function firstRange(model: ClusterModel, deploy: Deploy): SlotRange {
  const all = Math.max(deploy.workers, model.desired);
  return { from: 0, to: deploy.strategy === 'rolling' && deploy.from > 0 ? Math.min(deploy.batch, all) : all };
}

function allReady(model: ClusterModel, range: SlotRange, workers: number, generation: Generation): boolean {
  for (let slot = range.from; slot < Math.min(range.to, workers); slot += 1) {
    if (!hasReadyWorker(model, slot, generation)) return false;
  }
  return true;
}
