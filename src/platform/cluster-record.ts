// What a cluster process writes down, so that its successor can take over, and the manager tell the history of an app that
// does not run: cluster.json.

import type { WorkerKey } from '../core/cluster-model.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { Generation, Slot } from '../core/status.ts';
import type { HistoryEntry, PinnedSpec } from '../protocol/cluster-link.ts';
import { decodeClusterRecord } from './decode-cluster-record.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { readStateFile, setAside } from './state-file.ts';

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

/** null where there is none, or it was no use and has been set aside. Throws STATE_FROM_NEWER_VERSION. */
export function readClusterRecord(path: string): ClusterRecord | null {
  const reading = readStateFile(path);
  switch (reading.kind) {
    case 'missing':
    case 'corrupt':
      return null;
    case 'newer':
      throw new EvenkeelError('STATE_FROM_NEWER_VERSION', `${path} was written by a newer evenkeel`, {
        hint: 'Use that version again, or stop everything with it before going back.',
      });
    case 'ok': {
      const record = decodeClusterRecord(reading.value);
      if (record === null) setAside(path);
      return record;
    }
  }
}
