// CLI, pure: what an operation has done so far, as its events tell it.

import type { EvenkeelEvent } from '../core/events.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { Generation, Slot } from '../core/status.ts';

export interface WorkerProgress {
  readonly slot: Slot;
  readonly generation: Generation;
  /** 0: it has no process. */
  readonly pid: number;
  readonly state: 'booting' | 'ready' | 'draining' | 'failed';
  /** When it came into this state; milliseconds since the epoch. */
  readonly since: number;
  /** How long it took to become ready, or why it failed. */
  readonly note: string;
}

export interface AppProgress {
  readonly app: string;
  /** "booting", "starting" ...: the deploy's phase, or the app's state where there is no deploy. */
  readonly phase: string;
  readonly generation: Generation | null;
  readonly ready: number;
  readonly desired: number;
  readonly startedAt: number;
  /** Those that still matter: one that has gone as it should is not here. */
  readonly workers: readonly WorkerProgress[];
  /** The last line of a hook that runs. */
  readonly hookLine: string | null;
  /** The event that ended it. */
  readonly end: Extract<EvenkeelEvent, { readonly type: 'deploy-finished' }> | null;
}

/** By the time of their first event. */
export type ProgressModel = readonly AppProgress[];

export const NO_PROGRESS: ProgressModel = [];

export function reduceProgress(model: ProgressModel, event: EvenkeelEvent): ProgressModel {
  if (!('app' in event)) return model;
  const at = Date.parse(event.time);
  const known = model.find((progress) => progress.app === event.app);
  const next = advance(known ?? begin(event.app, at), event, at);
  return known === undefined ? [...model, next] : model.map((progress) => (progress === known ? next : progress));
}

function begin(app: string, at: number): AppProgress {
  const nothing = { generation: null, ready: 0, desired: 0, workers: [], hookLine: null, end: null };
  return { app, phase: 'waiting', startedAt: at, ...nothing };
}

type AppEvent = Extract<EvenkeelEvent, { readonly app: string }>;

function advance(before: AppProgress, event: AppEvent, at: number): AppProgress {
  switch (event.type) {
    case 'app-state':
      return before.generation === null ? { ...before, phase: event.state } : before;
    case 'deploy-started':
      return { ...begin(event.app, at), phase: 'preparing', generation: event.generation };
    case 'deploy-phase':
      return { ...before, phase: event.phase, ready: event.ready, desired: event.desired, hookLine: null };
    case 'deploy-finished':
      return { ...before, phase: event.outcome, hookLine: null, end: event };
    case 'hook-output':
      return { ...before, hookLine: event.line };
    case 'worker-started':
      return withWorker(before, { ...identify(event), state: 'booting', since: at, note: '' });
    case 'worker-ready':
      return withWorker(before, {
        ...identify(event),
        state: 'ready',
        since: at,
        note: `after ${humanDuration(event.bootMs)}`,
      });
    case 'worker-draining':
      return withWorker(before, { ...identify(event), state: 'draining', since: at, note: event.reason });
    case 'worker-exited':
      if (event.expected) return { ...before, workers: before.workers.filter((worker) => !isSame(worker, event)) };
      return withWorker(before, { ...identify(event), state: 'failed', since: at, note: event.reason });
    default:
      return before;
  }
}

type OfWorker = Extract<AppEvent, { readonly slot: number; readonly pid: number }>;

function identify({ slot, generation, pid }: OfWorker): Pick<WorkerProgress, 'slot' | 'generation' | 'pid'> {
  return { slot, generation, pid };
}

type Identity = ReturnType<typeof identify>;

function isSame(one: Identity, other: Identity): boolean {
  return one.pid === other.pid && (one.pid !== 0 || (one.slot === other.slot && one.generation === other.generation));
}

/** In the place of the same process, or of a failed one that it succeeds. */
function withWorker(before: AppProgress, worker: WorkerProgress): AppProgress {
  const others = before.workers.filter((other) => {
    if (isSame(other, worker)) return false;
    return other.state !== 'failed' || other.slot !== worker.slot || other.generation !== worker.generation;
  });
  const workers = [...others, worker].sort((a, b) => b.generation - a.generation || a.slot - b.slot);
  return { ...before, workers };
}
