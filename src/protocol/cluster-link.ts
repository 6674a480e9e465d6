// What manager and cluster process say to each other: NDJSON over the app's `cluster.sock`. The manager asks
// (a request has an id and gets exactly one response, when the operation has ended); the cluster process tells
// (events, numbered, so that a new manager can ask for those it missed). Declared sockets are inherited at the start;
// later they come and go over connections to `cluster.sock` that carry nothing else (socket-passing.ts).

import type { ErrorBody } from '../core/errors.ts';
import type { AppEvent } from '../core/events.ts';
import type { AppSpec, Milliseconds } from '../core/spec.ts';
import type {
  AppStatus,
  ChangeResult,
  DeployResult,
  Generation,
  Slot,
  ToldWorker,
  WorkerFailure,
} from '../core/status.ts';

/** Raised when a message changes its meaning; both ends accept every version from OLDEST_LINK_VERSION on. */
export const LINK_VERSION = 1;
export const OLDEST_LINK_VERSION = 1;

/**
 * What a cluster process takes at most when its workers have ended, before it answers `stop`: to end what they have left
 * running, to write their last lines, to write down what was.
 */
export const CLOSING = { leftovers: 7_000, logs: 5_000, state: 2_000 } as const satisfies Record<string, Milliseconds>;
/** All of it, with counting the lines that are lost by then. */
export const LONGEST_CLOSING: Milliseconds = CLOSING.leftovers + CLOSING.logs + CLOSING.state + 2_000;
/** For whoever has its answer to hang up: the cluster process ends then. */
export const HANG_UP_TIMEOUT: Milliseconds = 1_000;

/** A generation as it was deployed: what its workers always come back from. */
export interface PinnedSpec {
  readonly generation: Generation;
  readonly spec: AppSpec;
  /** `cwd` and `script` with every symlink resolved when it was deployed. */
  readonly realCwd: string;
  readonly realScript: string | null;
}

export interface DeployRequest {
  readonly spec: AppSpec;
  /** Why, for people: "env.PORT changed", "deploy", "rollback to 3". */
  readonly reason: string;
  /** Overrides `spec.deploy.timeout`. */
  readonly timeout: Milliseconds | null;
  /** A rollback uses the paths pinned then instead of resolving symlinks anew. */
  readonly pinned: { readonly realCwd: string; readonly realScript: string | null } | null;
}

export interface ClusterRequests {
  /** First on every connection. `sinceEvent`: the last event number the manager has seen, 0 for all that are kept. */
  hello: {
    params: { readonly version: number; readonly evenkeel: string; readonly sinceEvent: number };
    result: ClusterSnapshot;
  };
  /**
   * Brings the app up as a new generation. Answers when it is ready or its first worker failed. Where a start is under way
   * or has just ended, the answer is that start's. `ran`: it goes back to what ran before, without its hooks.
   */
  start: { params: DeployRequest & { readonly ran?: boolean }; result: DeployResult };
  /** After the death of a predecessor: boots its committed generation, then retires the workers it left. */
  resume: { params: Record<string, never>; result: ResumeResult };
  deploy: { params: DeployRequest; result: DeployResult };
  /**
   * Answers when the deploy has ended, with how it ended. `hurry`: where it is too late, for the new workers serve for good, the
   * old ones are to finish now; false: they finish by themselves, and the answer is NO_DEPLOY. Absent (an older manager): true.
   */
  abort: { params: { readonly reason: string; readonly hurry?: boolean }; result: DeployResult };
  /** Answers when the new workers are ready, or the surplus ones are gone. */
  scale: { params: { readonly workers: number }; result: ScaleResult };
  /** Keys of the change class `live`, taken from `spec`; touches no worker. */
  'apply-live': { params: { readonly spec: AppSpec; readonly keys: readonly string[] }; result: Record<string, never> };
  /** Stop, then start the generation that serves, as a new one. */
  restart: { params: Record<string, never>; result: DeployResult };
  /** Stops every worker, answers, then the cluster process exits. Asked again meanwhile, it answers both. */
  stop: { params: { readonly timeout: Milliseconds | null }; result: { readonly killed: number } };
  status: { params: Record<string, never>; result: AppStatus };
  /** Whether it still answers: no worker is asked. */
  ping: { params: Record<string, never>; result: Record<string, never> };
  history: { params: Record<string, never>; result: readonly HistoryEntry[] };
  signal: { params: { readonly signal: string }; result: { readonly workers: readonly ToldWorker[] } };
  send: { params: { readonly message: unknown }; result: { readonly workers: readonly ToldWorker[] } };
  /** Flushes the logs, then gives the last lines; `follow` sends `log` messages on this connection from then on. */
  logs: {
    params: { readonly lines: number; readonly follow: boolean };
    result: LogSnapshot;
  };
}

export type ClusterRequestType = keyof ClusterRequests;
export type ClusterParams<T extends ClusterRequestType> = ClusterRequests[T]['params'];
export type ClusterResult<T extends ClusterRequestType> = ClusterRequests[T]['result'];

/** `failed`: its workers do not become ready, and come back by the restart policy. */
export interface ResumeResult extends ChangeResult {
  readonly generation: Generation;
}

export interface ScaleResult extends ChangeResult {
  readonly from: number;
  /** What is wanted now: `from`, where it failed. */
  readonly to: number;
}

export interface HistoryEntry {
  readonly generation: Generation;
  readonly outcome: DeployResult['outcome'];
  readonly reason: string;
  readonly startedAt: string;
  readonly durationMs: Milliseconds;
  readonly loss: DeployResult['loss'];
  /** Present for generations that can be rolled back to. */
  readonly pinned: PinnedSpec | null;
  /** True for the one that serves. */
  readonly current: boolean;
}

export interface ClusterSnapshot {
  readonly version: number;
  readonly evenkeel: string;
  readonly pid: number;
  readonly startedAt: string;
  /** What serves, with live keys and the worker count as they are now; null before the first start. */
  readonly current: PinnedSpec | null;
  /** False until `start` or `resume` was asked. */
  readonly started: boolean;
  readonly desired: number;
  /** Texts (formatAddress) of the declared sockets that this process has. */
  readonly held: readonly string[];
  readonly status: AppStatus;
  /** How the worker ended last that keeps failing; null: none does. One of an earlier version does not tell. */
  readonly failure?: WorkerFailure | null;
  /** Number of the newest event. */
  readonly lastEvent: number;
  /** Events after `sinceEvent` that are still kept, oldest first. */
  readonly missed: readonly NumberedEvent[];
}

export interface NumberedEvent {
  readonly seq: number;
  readonly event: AppEvent;
}

export interface LogLine {
  readonly slot: Slot;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

export interface LogSnapshot {
  /** The newest lines, oldest first; at most what the process keeps in memory. */
  readonly lines: readonly LogLine[];
  /** For each stream that goes to a file: its path and its size at this moment, which includes `lines`. */
  readonly files: readonly { readonly stream: 'stdout' | 'stderr'; readonly path: string; readonly size: number }[];
}

/** Manager to cluster process. */
export interface LinkRequest<T extends ClusterRequestType = ClusterRequestType> {
  readonly id: number;
  readonly type: T;
  readonly params: ClusterParams<T>;
}

/** Cluster process to manager. */
export type LinkMessage =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorBody }
  | ({ readonly type: 'event' } & NumberedEvent)
  | ({ readonly type: 'log' } & LogLine)
  /** Lines that a slow follower missed. */
  | { readonly type: 'log-skipped'; readonly lines: number };
