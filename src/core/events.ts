// Everything that can happen, as one union. Code emits events; the CLI, the manager's log and the API render them.

import type { AppState, DeployOutcome, DeployPhase, Generation, LossReport, Slot } from './status.ts';

interface Base {
  /** ISO 8601. */
  readonly time: string;
}
interface OfApp extends Base {
  readonly app: string;
}
interface OfWorker extends OfApp {
  readonly slot: Slot;
  /** 0: it has no process, for it could not be started, or is about to be. */
  readonly pid: number;
  readonly generation: Generation;
}

export type AppEvent =
  | (OfApp & { readonly type: 'app-state'; readonly state: AppState; readonly previous: AppState })
  | (OfApp & { readonly type: 'scaled'; readonly from: number; readonly to: number })
  | (OfApp & { readonly type: 'applied-live'; readonly keys: readonly string[] })
  | (OfWorker & { readonly type: 'worker-started' })
  | (OfWorker & { readonly type: 'worker-ready'; readonly bootMs: number })
  /** It is ready, but does not listen on these addresses, on which the worker does that it replaces. */
  | (OfWorker & { readonly type: 'addresses-missing'; readonly addresses: readonly string[] })
  /** A worker that a cluster process which was killed has left. */
  | (OfWorker & { readonly type: 'worker-adopted' })
  | (OfWorker & { readonly type: 'worker-draining'; readonly reason: string })
  | (OfWorker & {
      readonly type: 'worker-exited';
      readonly code: number | null;
      readonly signal: string | null;
      /** It was asked for: a worker that drains may end with any code, but not by a signal that nobody sent to stop it. */
      readonly expected: boolean;
      readonly reason: string;
    })
  /** A worker that serves is to be replaced: memory, schedule, health, its own request, an uncaught exception. */
  | (OfWorker & { readonly type: 'worker-recycle'; readonly reason: string })
  | (OfApp & {
      readonly type: 'worker-backoff';
      readonly slot: Slot;
      readonly delayMs: number;
      readonly failures: number;
    })
  | (OfApp & { readonly type: 'worker-gave-up'; readonly slot: Slot; readonly failures: number })
  | (OfApp & {
      readonly type: 'deploy-started';
      readonly generation: Generation;
      readonly reason: string;
      readonly strategy: string;
    })
  | (OfApp & {
      readonly type: 'deploy-phase';
      readonly generation: Generation;
      readonly phase: DeployPhase;
      readonly ready: number;
      readonly desired: number;
      /** The new generation serves for good: the deploy can be neither aborted nor fail any more. */
      readonly committed: boolean;
    })
  | (OfApp & {
      readonly type: 'deploy-finished';
      readonly generation: Generation;
      readonly outcome: DeployOutcome;
      readonly reason: string;
      readonly durationMs: number;
      readonly loss: LossReport;
    })
  | (OfApp & { readonly type: 'hook-output'; readonly hook: string; readonly line: string })
  | (OfApp & { readonly type: 'log-problem'; readonly stream: string; readonly message: string })
  /** The cluster process cannot write down what it would leave to its successor; null: it can again. It goes on trying. */
  | (OfApp & { readonly type: 'record-problem'; readonly file: string; readonly problem: string | null });

export type ManagerEvent =
  | (Base & { readonly type: 'manager-started'; readonly pid: number; readonly version: string })
  | (Base & { readonly type: 'manager-stopped'; readonly reason: string })
  | (Base & { readonly type: 'config-invalid'; readonly problems: number })
  | (Base & { readonly type: 'reload-started' })
  /** There is no config to go by. */
  | (Base & { readonly type: 'reload-refused'; readonly reason: string })
  | (Base & { readonly type: 'reload-finished'; readonly ok: boolean; readonly changes: number })
  | (Base & { readonly type: 'state-repaired'; readonly file: string; readonly message: string })
  /** The manager cannot write its state; null: it can again. It goes on trying. */
  | (Base & { readonly type: 'state-problem'; readonly file: string; readonly problem: string | null })
  /** Only in a stream whose reader was too slow: so many are missing at this place. */
  | (Base & { readonly type: 'events-skipped'; readonly events: number })
  | (OfApp & { readonly type: 'cluster-started'; readonly pid: number })
  | (OfApp & { readonly type: 'cluster-adopted'; readonly pid: number })
  | (OfApp & { readonly type: 'cluster-lost'; readonly pid: number })
  /** It could not be started; the next attempt comes in `delayMs`. */
  | (OfApp & { readonly type: 'cluster-failed'; readonly reason: string; readonly delayMs: number })
  /** It could not be started: somebody else has an address that it declares. `delayMs` null: it is not tried again. */
  | (OfApp & {
      readonly type: 'listen-failed';
      readonly reason: string;
      readonly failures: number;
      readonly delayMs: number | null;
    })
  /** The manager has these declared sockets from the cluster process that it adopted. */
  | (OfApp & { readonly type: 'sockets-taken'; readonly addresses: readonly string[] });

export type EvenkeelEvent = AppEvent | ManagerEvent;
export type EvenkeelEventType = EvenkeelEvent['type'];
