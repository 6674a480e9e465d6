// What `status --json` and GET /v1/status show (schemas/status.schema.json), and the words for states.

import type { Milliseconds } from './spec.ts';

/** An integer per app that only grows: the workers of one deploy. */
export type Generation = number;
/** 0..N-1, stable over restarts and deploys. */
export type Slot = number;

export type AppState = 'starting' | 'online' | 'deploying' | 'degraded' | 'backoff' | 'failed' | 'stopping' | 'stopped';

export type WorkerState = 'booting' | 'ready' | 'draining' | 'stopping' | 'backoff';

export type DeployPhase = 'preparing' | 'booting' | 'settling' | 'retiring' | 'reverting' | 'aborting';

export type DeployOutcome = 'done' | 'failed' | 'aborted' | 'timed-out';

export interface Status {
  readonly manager: ManagerStatus;
  readonly apps: readonly AppStatus[];
}

export interface ManagerStatus {
  readonly pid: number;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Absolute path of the config file. */
  readonly config: string;
  readonly name: string;
  /** Of the config; null: none. */
  readonly profile: string | null;
  /** What is amiss with evenkeel's own files, for people. */
  readonly warnings: readonly string[];
}

export interface AppStatus {
  readonly name: string;
  readonly state: AppState;
  /** The generation that serves; 0 before the first. */
  readonly generation: Generation;
  readonly desired: number;
  /** Without those that failed their health checks soon after they were ready. */
  readonly ready: number;
  readonly clusterPid: number | null;
  /** What runs differs from the file by a command of somebody (scale, deploy --env ...). */
  readonly drift: boolean;
  /** Why it could not be started, or what has become of a worker, and when it is tried again; null: nothing is amiss. */
  readonly problem: string | null;
  readonly deploy: DeployProgress | null;
  readonly lastDeploy: DeployRecord | null;
  readonly workers: readonly WorkerStatus[];
}

export interface DeployProgress {
  readonly generation: Generation;
  readonly phase: DeployPhase;
  readonly startedAt: string;
  readonly ready: number;
  readonly desired: number;
}

/** One line of `history`. */
export interface DeployRecord {
  readonly generation: Generation;
  readonly outcome: DeployOutcome;
  /** Why the deploy was made; for one that did not succeed, followed by why it did not. */
  readonly reason: string;
  readonly startedAt: string;
  readonly durationMs: Milliseconds;
}

export interface WorkerStatus {
  readonly slot: Slot;
  /** null while the slot waits for its next start. */
  readonly pid: number | null;
  readonly state: WorkerState;
  readonly generation: Generation;
  readonly startedAt: string | null;
  /** How often the slot's worker came back after it ended unasked. */
  readonly restarts: number;
  /** Bytes; null where it cannot be told. */
  readonly rss: number | null;
  /** Cores' worth of CPU since the last look, 1 = one core busy. */
  readonly cpu: number | null;
  /** Open connections. */
  readonly connections: number | null;
  /** Requests finished since the worker started. */
  readonly requests: number | null;
}

/** The loss report: what a retirement cost, counted by the agents; null where a program without one was among them. */
export interface LossReport {
  /** Requests that the old generation finished while draining. */
  readonly finished: number | null;
  /** Connections with a request in flight (or upgraded) that were cut at the deadline. */
  readonly cut: number | null;
  /** Workers that had to be killed. */
  readonly killed: number;
}

/** Why a worker failed, with what it said last. */
export interface WorkerFailure {
  readonly slot: Slot;
  readonly pid: number | null;
  readonly reason: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** At most 20, oldest first. */
  readonly lastLines: readonly string[];
  /** What to do about it, where that is known. */
  readonly hint?: string | null;
}

/** A worker that was sent a signal or a message. */
export interface ToldWorker {
  readonly slot: Slot;
  readonly pid: number;
  readonly generation: Generation;
  /** Why it did not get it; null: it did. */
  readonly problem: string | null;
}

/** How a change of what runs has ended. Whoever asks a cluster process for one gets this, and every exit code comes from it. */
export interface ChangeResult {
  readonly outcome: DeployOutcome;
  /** Why it is not done, alone; null: it is. */
  readonly cause: string | null;
  /** The worker by which it failed, if it was one. */
  readonly failure: WorkerFailure | null;
}

export interface DeployResult extends DeployRecord, ChangeResult {
  readonly app: string;
  readonly loss: LossReport;
  /** The last lines that the hooks wrote. */
  readonly hookOutput: readonly string[];
  /** Why a hook failed that ran after it: the new generation serves all the same. */
  readonly afterFailure: string | null;
  /** What to do about the cause, where that is known and no worker's. */
  readonly hint?: string | null;
}
