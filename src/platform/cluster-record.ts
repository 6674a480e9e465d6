// What a cluster process writes down, so that its successor can take over, and the manager tell the history of an app that
// does not run: cluster.json.

import type { WorkerKey } from '../core/cluster-model.ts';
import type { Generation, Slot } from '../core/status.ts';
import type { HistoryEntry, PinnedSpec } from '../protocol/cluster-link.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface KnownWorker {
  readonly key: WorkerKey;
  readonly slot: Slot;
  readonly generation: Generation;
  readonly identity: ProcessIdentity;
  /** Programs other than Node have none: a signal is all that they can be told. */
  readonly hasAgent: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface ClusterRecord {
  readonly app: string;
  /** The cluster process that wrote this. */
  readonly cluster: ProcessIdentity | null;
  /** The highest generation ever used. */
  readonly lastGeneration: Generation;
  /** The one that serves; null: none was ever started. */
  readonly current: PinnedSpec | null;
  readonly desired: number;
  /** Whether the app is meant to run. */
  readonly started: boolean;
  /** A deploy that was under way when this was written; it is committed where its generation is the current one. */
  readonly unfinished: { readonly generation: Generation; readonly reason: string; readonly startedAt: number } | null;
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  readonly workers: readonly KnownWorker[];
  /** Number of the newest event. */
  readonly lastEvent: number;
}
