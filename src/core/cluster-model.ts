// The state of one cluster as plain data: workers, slots and the deploy under way. The machines in this folder
// compute the next state and what to do; the cluster process only does it.
//
//   worker:  booting ──▶ ready ──▶ draining ──▶ killing ──▶ (gone)
//             │   ▲                 ▲              ▲
//             ▼   │                 │              │
//          standing-by ─────────────┘              │
//               any state ── exit ─────────────────┴──▶ (gone)

import { CLEAN_SLOT, type SlotRecord } from './restart-policy.ts';
import type { Milliseconds, RestartSpec } from './spec.ts';
import type { DeployOutcome, Generation, LossReport, Slot } from './status.ts';

/** Names one worker process for ever; slots and pids are used again, keys are not. */
export type WorkerKey = number;

/** What the machines need to know of a generation's spec. */
export interface GenerationSettings {
  readonly readyTimeout: Milliseconds;
  readonly stopTimeout: Milliseconds;
  readonly restart: RestartSpec;
  /** Two generations never serve at once, nor two workers in one slot (strategy handover). */
  readonly exclusive: boolean;
  /** Its workers can be held before they listen: they are Node programs, with an agent. */
  readonly holdable: boolean;
}

/** Why a worker is to be replaced while it still serves. */
export interface Leaving {
  readonly reason: string;
  /**
   * `upkeep` (memory, schedule): one worker of the app at a time, and not beside a deploy. `sick` (health): one at a time,
   * and counted as a failure. `asked` for by itself: at once. `crashed`, by an exception that was not caught: at once, and
   * counted as a failure.
   */
  readonly kind: 'upkeep' | 'sick' | 'asked' | 'crashed';
}

export const URGENCY = { upkeep: 0, sick: 1, asked: 2, crashed: 3 } as const satisfies Record<Leaving['kind'], number>;

interface WorkerBase {
  readonly key: WorkerKey;
  readonly slot: Slot;
  readonly generation: Generation;
  readonly startedAt: number;
  readonly leaving: Leaving | null;
  /** Forked by a cluster process that was killed: serves until ours are ready, then goes. */
  readonly orphan: boolean;
}

export type Worker = WorkerBase &
  /** `gate`: whether it may listen. */
  (
    | { readonly state: 'booting'; readonly deadline: number; readonly gate: 'open' | 'shut' }
    /** It has booted as far as it can and is held; `left`: of its time to become ready. */
    | { readonly state: 'standing-by'; readonly left: Milliseconds }
    | { readonly state: 'ready'; readonly since: number }
    /** `deadline`: SIGKILL. */
    | {
        readonly state: 'draining';
        readonly deadline: number;
        readonly reason: string;
        readonly drain: DrainStage;
        /** Why its deadline comes before its stop timeout. */
        readonly hurriedBy?: string;
      }
    | { readonly state: 'killing'; readonly reason: string; readonly drain: DrainStage }
  );

/** `quiet`: it has stopped accepting. `drained`: nothing is left of what it served, nor ever will be. */
export type DrainStage = 'begun' | 'quiet' | 'drained';

/** Slots from (inclusive) to (exclusive). */
export interface SlotRange {
  readonly from: Slot;
  readonly to: Slot;
}

/** How a deploy will end once what it began is undone. */
export interface Verdict {
  readonly outcome: Exclude<DeployOutcome, 'done'>;
  readonly reason: string;
  /** The worker whose failure it was. */
  readonly culprit: WorkerKey | null;
}

interface DeployBase {
  readonly generation: Generation;
  /** The generation that served before; 0: nothing did (a start). */
  readonly from: Generation;
  /** Whether that one served when this began: where it did not, there is nothing to wait for on the way back. */
  readonly served: boolean;
  readonly reason: string;
  readonly strategy: 'all-at-once' | 'rolling' | 'replace' | 'handover';
  /** Slots of the new generation. */
  readonly workers: number;
  readonly batch: number;
  readonly settle: Milliseconds;
  readonly startedAt: number;
  readonly deadline: number;
  readonly loss: LossReport;
}

export type Deploy = DeployBase &
  /** The `before` hooks run. */
  (
    | { readonly phase: 'preparing' }
    /** strategy replace: the old workers go first. */
    | { readonly phase: 'clearing' }
    /** strategy handover: the old workers go, and when none of them serves any more the new ones begin to. */
    | { readonly phase: 'yielding'; readonly range: SlotRange }
    | { readonly phase: 'booting'; readonly range: SlotRange }
    | { readonly phase: 'settling'; readonly range: SlotRange; readonly until: number }
    /** The old workers of the slots before `range.to` go; once `committed`, the new generation is the one that serves. */
    | { readonly phase: 'retiring'; readonly range: SlotRange; readonly committed: boolean }
    /** The slots of `range` boot the old generation again; those before it come next. */
    | { readonly phase: 'reverting'; readonly range: SlotRange; readonly verdict: Verdict; readonly deadline: number }
    /**
     * The new workers go, but for those in slots before `kept`: they serve until the old ones are back. The old workers
     * of the slots before `missing` are still to be booted.
     */
    | { readonly phase: 'aborting'; readonly verdict: Verdict; readonly kept: Slot; readonly missing: Slot }
  );

export interface ClusterModel {
  readonly mode: 'idle' | 'running' | 'stopping';
  /** The generation that serves; 0 before the first. */
  readonly current: Generation;
  /** Workers of the current generation. */
  readonly desired: number;
  readonly settings: Readonly<Record<Generation, GenerationSettings>>;
  readonly workers: readonly Worker[];
  readonly slots: Readonly<Record<Slot, SlotRecord>>;
  readonly deploy: Deploy | null;
  readonly nextKey: WorkerKey;
  /** Orphans hold a port that ours need: ours boot when the orphans have stopped accepting. */
  readonly orphansFirst: boolean;
  /** Overrides every stop timeout while stopping. */
  readonly stopTimeout: Milliseconds | null;
}

export const IDLE_CLUSTER: ClusterModel = {
  mode: 'idle',
  current: 0,
  desired: 0,
  settings: {},
  workers: [],
  slots: {},
  deploy: null,
  nextKey: 1,
  orphansFirst: false,
  stopTimeout: null,
};

export const NO_LOSS: LossReport = { finished: 0, cut: 0, killed: 0 };

/** What the cluster process has to do; each says why. */
export type ClusterAction =
  | {
      readonly do: 'spawn';
      readonly key: WorkerKey;
      readonly slot: Slot;
      readonly generation: Generation;
      /** `shut`: it is held when it is about to listen, until it is told otherwise. */
      readonly gate: 'open' | 'shut';
      readonly reason: string;
    }
  /** Let it listen. */
  | { readonly do: 'open-gate'; readonly key: WorkerKey; readonly reason: string }
  /** Stop accepting, finish, go; SIGKILL follows after `timeout`. */
  | {
      readonly do: 'drain';
      readonly key: WorkerKey;
      readonly timeout: Milliseconds;
      readonly reason: string;
    }
  | { readonly do: 'kill'; readonly key: WorkerKey; readonly reason: string }
  | { readonly do: 'run-before-hooks'; readonly generation: Generation; readonly reason: string }
  | {
      readonly do: 'backoff';
      readonly slot: Slot;
      readonly delay: Milliseconds;
      readonly failures: number;
      readonly reason: string;
    }
  | { readonly do: 'give-up'; readonly slot: Slot; readonly failures: number; readonly reason: string }
  /** The deploy has ended. */
  | {
      readonly do: 'finish-deploy';
      readonly deploy: Deploy;
      readonly outcome: DeployOutcome;
      readonly reason: string;
      readonly culprit: WorkerKey | null;
    };

export interface Step {
  readonly model: ClusterModel;
  readonly actions: readonly ClusterAction[];
}

export function slotRecord(model: ClusterModel, slot: Slot): SlotRecord {
  return model.slots[slot] ?? CLEAN_SLOT;
}

export function settingsOf(model: ClusterModel, generation: Generation): GenerationSettings {
  const settings = model.settings[generation];
  if (settings === undefined) throw new Error(`Internal error: generation ${generation} has no settings`);
  return settings;
}

export function replaceWorker(model: ClusterModel, worker: Worker): ClusterModel {
  return { ...model, workers: model.workers.map((other) => (other.key === worker.key ? worker : other)) };
}

/** Alive and not on its way out. */
export function isServing(worker: Worker): worker is Worker & { readonly state: 'booting' | 'standing-by' | 'ready' } {
  return worker.state === 'booting' || worker.state === 'standing-by' || worker.state === 'ready';
}

/** Two generations never serve at once, nor two workers in one slot. */
export function isExclusive({ deploy, settings, current }: ClusterModel): boolean {
  return deploy === null ? settings[current]?.exclusive === true : deploy.strategy === 'handover';
}

/** It is where one that it replaces can go: ready, or, where the two may not serve at once, as far as it comes before. */
export function isInPlace(model: ClusterModel, worker: Worker): boolean {
  return worker.state === 'ready' || (worker.state === 'standing-by' && isExclusive(model));
}

/** It serves on after an exception that was not caught; that has been counted as its failure. */
export function hasCrashed({ leaving }: Worker): boolean {
  return leaving?.kind === 'crashed';
}

/** As above, or it serves on although its health checks have failed. */
export function hasFailed(worker: Worker): boolean {
  return hasCrashed(worker) || worker.leaving?.kind === 'sick';
}

/**
 * Fills its slot: serving, ours, and to stay. One that is to leave is replaced only once it is ready: a worker that
 * asks for it while it boots would otherwise be given one successor after the other, each asking as well.
 */
export function isKeeper(worker: Worker): boolean {
  return isServing(worker) && !worker.orphan && (worker.leaving === null || worker.state !== 'ready');
}

/** Whether one of ours serves there, be it one that is to be replaced. */
export function hasReadyWorker(model: ClusterModel, slot: Slot, generation: Generation): boolean {
  return model.workers.some(
    (worker) => worker.slot === slot && worker.generation === generation && worker.state === 'ready' && !worker.orphan,
  );
}

/** As above, or one that waits for others to go; or none can come before they have gone. */
export function hasWorkerInPlace(model: ClusterModel, slot: Slot, generation: Generation): boolean {
  if (startsAlone(model, generation)) return true;
  return model.workers.some(
    (worker) => worker.slot === slot && worker.generation === generation && !worker.orphan && isInPlace(model, worker),
  );
}

/** Its workers may not serve beside others, and cannot be held: they are started when those have gone. */
export function startsAlone(model: ClusterModel, generation: Generation): boolean {
  return isExclusive(model) && model.settings[generation]?.holdable === false;
}

/** Starts the drain of a worker that serves. */
export function drainWorker(model: ClusterModel, worker: Worker, now: number, reason: string): Step {
  const timeout = model.stopTimeout ?? settingsOf(model, worker.generation).stopTimeout;
  const { key, slot, generation, startedAt, leaving, orphan } = worker;
  const base = { key, slot, generation, startedAt, leaving, orphan };
  const drain = mayServe(worker) ? 'begun' : 'drained';
  const draining: Worker = { ...base, state: 'draining', deadline: now + timeout, reason, drain };
  return { model: replaceWorker(model, draining), actions: [{ do: 'drain', key, timeout, reason }] };
}

/** It accepts, or may at any moment, or has something left to finish. */
export function mayServe(worker: Worker): boolean {
  switch (worker.state) {
    case 'booting':
      return worker.gate === 'open';
    case 'standing-by':
      return false;
    case 'ready':
      return true;
    case 'draining':
    case 'killing':
      return worker.drain !== 'drained';
  }
}
