// A worker that is alive, as the host sees it: one that this process started, or an orphan that a predecessor left.
// (cluster process)

import type { WorkerKey } from '../core/cluster-model.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { Generation, Slot } from '../core/status.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { AgentMetrics } from '../protocol/agent-link.ts';
import type { ProcessEnd } from './worker-process.ts';

/** What a worker's agent said last about its drain; null: it has none. */
export interface DrainReport {
  /** Requests finished while draining. */
  readonly finished: number | null;
  /** Requests in flight, and connections that are in use without one (raw, upgraded): what a kill now would cut. */
  readonly inUse: number | null;
}

export const NOTHING_DRAINED: DrainReport = { finished: 0, inUse: 0 };
export const NOT_COUNTED: DrainReport = { finished: null, inUse: null };

export interface LiveWorker {
  readonly key: WorkerKey;
  readonly slot: Slot;
  readonly generation: Generation;
  readonly identity: ProcessIdentity | null;
  readonly hasAgent: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** What ends an app that does not handle it. */
  readonly stopSignal: string;
  readonly ended: Promise<ProcessEnd>;
  /** It has ended, and so has everything that it started and left in its process group. */
  readonly gone: Promise<void>;
  readonly drained: DrainReport;
  /** What was written before there was a process; absent: the logs have it all. */
  readonly lastLines?: readonly string[];
  /** Undeclared addresses that its app has named and listens on; absent: nobody knows. */
  readonly listensOn?: readonly string[];
  /** What it still is to do to be ready; absent: nobody knows. */
  readonly awaited?: string;
  /** It was started with its gate shut: it may listen now. */
  openGate(): void;
  /** Stop accepting, finish, tell the app, end. */
  drain(timeout: Milliseconds): void;
  /** SIGKILL to the whole process group, after a last word from the agent. */
  kill(): Promise<void>;
  metrics(timeout: Milliseconds): Promise<AgentMetrics | null>;
  /** Gives why it did not get it; null: it is on its way. */
  send(message: unknown): Promise<string | null>;
  signal(signal: string): boolean;
  /** From now on, if it is ready and the spec has health checks; called again, by the settings as they are now. */
  watchHealth(): void;
  /** Ends every watch on it. */
  release(): void;
}

/** How long a worker that is about to be killed has for its last report. */
export const LAST_WORD: Milliseconds = 100;
