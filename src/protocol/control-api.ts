// The control API: HTTP/1.1 and JSON on `<stateDir>/manager.sock`. Routes, bodies and answers, for both ends.
// A POST answers with one OperationResult when it is done; with `Accept: application/x-ndjson` it streams
// OperationMessages as they come, the last one being the result. A client that leaves changes nothing.

import type { ErrorBody } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { AppSpec, Milliseconds } from '../core/spec.ts';
import type { DeployResult, Generation, ToldWorker, WorkerFailure } from '../core/status.ts';
import type { HistoryEntry, LogLine, LogSnapshot } from './cluster-link.ts';

export const NDJSON = 'application/x-ndjson';
/** Bodies larger than this are refused with BODY_TOO_LARGE. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Method and path of every route; `:app` is an app's name, URL-encoded. */
export const ROUTES = {
  version: 'GET /v1/version',
  /** ?app=NAME for one. */
  status: 'GET /v1/status',
  /** ?n=COUNT of past events, ?follow=1 to stay. NDJSON of EvenkeelEvent. */
  events: 'GET /v1/events',
  /** Re-reads the file; changes nothing. ?profile=NAME: as with that one, empty: with none. */
  plan: 'GET /v1/plan',
  reload: 'POST /v1/reload',
  start: 'POST /v1/start',
  stop: 'POST /v1/stop',
  deploy: 'POST /v1/deploy',
  deployApp: 'POST /v1/apps/:app/deploy',
  abort: 'POST /v1/apps/:app/abort',
  /** All that an operation has begun, by the number that its stream has told. */
  abortOperation: 'POST /v1/abort',
  rollback: 'POST /v1/apps/:app/rollback',
  restart: 'POST /v1/apps/:app/restart',
  scale: 'POST /v1/apps/:app/scale',
  signal: 'POST /v1/apps/:app/signal',
  send: 'POST /v1/apps/:app/send',
  history: 'GET /v1/apps/:app/history',
  spec: 'GET /v1/apps/:app/spec',
  /** ?n=COUNT&follow=1. NDJSON: one LogSnapshot, then LogMessages while following. */
  logs: 'GET /v1/apps/:app/logs',
} as const;

/** All apps where absent. */
export interface StartBody {
  readonly apps?: readonly string[];
  /** Undoes what scale, deploy and rollback have changed of those that do not run. */
  readonly reset?: boolean;
  /** Where none is named: those that were stopped by name are left so. For who has just started the manager. */
  readonly keepStopped?: boolean;
}
/** `profile`: to go by from now on, null for none; absent: the one that there is. */
export interface ReloadBody {
  readonly profile?: string | null;
}
/** Without apps: everything, then the manager itself. */
export interface StopBody {
  readonly apps?: readonly string[];
  readonly timeout?: Milliseconds;
  /** Of apps that were started without a config: they are not known any more. Whoever asks takes them out of scripts.json. */
  readonly forget?: boolean;
}
/** `apps` or `all`. `wait: false` answers as soon as the deploy is accepted. */
export interface DeployBody {
  readonly apps?: readonly string[];
  readonly all?: boolean;
  readonly options?: DeployOptions;
}
export interface DeployOptions {
  /** Variables that are set; null: removed. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** The environment of a shell, all of which is set; `env` wins over it. */
  readonly shellEnv?: Readonly<Record<string, string>>;
  readonly script?: string;
  readonly cwd?: string;
  readonly workers?: number;
  readonly timeout?: Milliseconds;
  readonly wait?: boolean;
}
export interface AbortBody {
  readonly operation: number;
}
export interface RollbackBody {
  readonly to?: Generation;
  readonly timeout?: Milliseconds;
}
export interface ScaleBody {
  readonly workers: number;
}
export interface SignalBody {
  readonly signal: string;
}
export interface SendBody {
  readonly message: unknown;
}

/** What was done to one app. */
export interface AppResult {
  readonly app: string;
  readonly action:
    | 'start'
    | 'deploy'
    | 'rollback'
    | 'scale'
    | 'live'
    | 'restart'
    | 'stop'
    | 'abort'
    | 'signal'
    | 'send'
    | 'none'
    | 'skipped';
  readonly ok: boolean;
  /** Why it was done (plan reasons), e.g. ["env.PORT changed"]. */
  readonly reasons: readonly string[];
  /** How it went, one line for people. */
  readonly message: string;
  readonly durationMs: Milliseconds;
  readonly deploy: DeployResult | null;
  readonly failure: WorkerFailure | null;
  /** Of `signal` and `send`: every worker there was; null for anything else. */
  readonly workers: readonly ToldWorker[] | null;
  readonly error: ErrorBody | null;
}

export interface OperationResult {
  readonly ok: boolean;
  /** In the order of the file. */
  readonly apps: readonly AppResult[];
  /** Things to know that are not failures, e.g. a key that takes effect at the next restart. */
  readonly notices: readonly string[];
  readonly durationMs: Milliseconds;
}

export type OperationMessage =
  /** The first one; the number is for `POST /v1/abort`. */
  | { readonly type: 'accepted'; readonly operation: number }
  | { readonly type: 'event'; readonly event: EvenkeelEvent }
  | { readonly type: 'result'; readonly result: OperationResult }
  | { readonly type: 'error'; readonly error: ErrorBody };

export type LogMessage =
  | ({ readonly type: 'snapshot' } & LogSnapshot)
  | ({ readonly type: 'line' } & LogLine)
  | { readonly type: 'skipped'; readonly lines: number };

export interface VersionAnswer {
  readonly version: string;
  readonly pid: number;
}
export interface ErrorAnswer {
  readonly error: ErrorBody;
}
/** Values of env are replaced by null unless ?show-env=1. */
export type HistoryAnswer = { readonly app: string; readonly generations: readonly HistoryEntry[] };
/** Values of env are replaced by null unless ?show-env=1. */
export interface SpecAnswer {
  readonly app: string;
  /** False: it does not run, and this is what it would be started with. */
  readonly running: boolean;
  readonly spec: AppSpec;
  /** What commands have changed against the config. */
  readonly changed: {
    /** The generation that was gone back to. */
    readonly rollback: Generation | null;
    readonly workers: boolean;
    readonly script: boolean;
    readonly cwd: boolean;
    /** Every variable of a shell was set. */
    readonly shellEnv: boolean;
    /** Names of variables that were set by name, or removed. */
    readonly set: readonly string[];
    readonly unset: readonly string[];
  };
}
