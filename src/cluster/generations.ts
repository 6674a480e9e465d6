// The generations of an app: their pinned specs, and how each deploy went. (cluster process)

import type { ClusterModel } from '../core/cluster-model.ts';
import { describeLostDeploy } from '../core/lost-deploy.ts';
import { releaseBefore } from '../core/release.ts';
import type { AppSpec } from '../core/spec.ts';
import type { DeployRecord, Generation, LossReport } from '../core/status.ts';
import type { ClusterRecord } from '../platform/cluster-record.ts';
import type { HistoryEntry, PinnedSpec } from '../protocol/cluster-link.ts';

/** Entries of the history that are kept. */
const KEPT = 20;

/** What the model says of generations. */
type Served = Pick<ClusterModel, 'current' | 'settings'>;

export class Generations {
  readonly #pinned = new Map<Generation, PinnedSpec>();
  #history: readonly HistoryEntry[] = [];
  #last: Generation;

  constructor(floor: Generation) {
    this.#last = floor;
  }

  /** Takes over what a predecessor wrote down. */
  restore(record: ClusterRecord): void {
    this.#last = Math.max(this.#last, record.lastGeneration);
    this.#history = record.history;
    for (const entry of record.history) {
      if (entry.pinned !== null) this.#pinned.set(entry.generation, entry.pinned);
    }
    if (record.current !== null) this.#pinned.set(record.current.generation, record.current);
  }

  next(): Generation {
    this.#last += 1;
    return this.#last;
  }

  /** A generation that exists, of which nothing else is known: no other gets its number. */
  raise(known: Generation): void {
    this.#last = Math.max(this.#last, known);
  }

  get last(): Generation {
    return this.#last;
  }

  /** Oldest first. */
  get history(): readonly HistoryEntry[] {
    return this.#history;
  }

  pin(pinned: PinnedSpec): void {
    this.#pinned.set(pinned.generation, pinned);
  }

  pinned(generation: Generation): PinnedSpec {
    const pinned = this.#pinned.get(generation);
    if (pinned === undefined) throw new Error(`Internal error: generation ${generation} has no pinned spec`);
    return pinned;
  }

  find(generation: Generation): PinnedSpec | null {
    return this.#pinned.get(generation) ?? null;
  }

  /** Changes of live keys reach the pinned spec too, so that a successor of this process goes by them. */
  amend(generation: Generation, spec: AppSpec): void {
    this.pin({ ...this.pinned(generation), spec });
  }

  /** Notes how a deploy ended; only one whose generation serves now, or did, can be rolled back to. */
  record(record: DeployRecord, loss: LossReport, model: Served): void {
    const { generation } = record;
    const serves = model.current === generation;
    const entry: HistoryEntry = { ...record, loss, pinned: serves ? this.find(generation) : null, current: serves };
    this.#history = newest([...this.#history, entry].map((known) => ({ ...known, current: isCurrent(known, model) })));
    this.#prune(model);
  }

  /**
   * A deploy ends with the cluster process that ran it: it is done where its generation serves, and has failed where not.
   * Notes that; null: none was under way.
   */
  recordLost(
    unfinished: ClusterRecord['unfinished'],
    current: Generation,
  ): { readonly record: DeployRecord; readonly loss: LossReport } | null {
    if (unfinished === null) return null;
    const { generation, reason, startedAt } = unfinished;
    const isDone = generation === current;
    const record: DeployRecord = {
      generation,
      outcome: isDone ? 'done' : 'failed',
      reason: describeLostDeploy(reason, isDone),
      startedAt: new Date(startedAt).toISOString(),
      durationMs: Date.now() - startedAt,
    };
    // What their agents counted went with it.
    const loss: LossReport = { finished: null, cut: null, killed: 0 };
    this.record(record, loss, { current, settings: {} });
    return { record, loss };
  }

  /** What serves, or still has workers, is needed whatever became of the deploy that brought it. */
  #prune({ current, settings }: Served): void {
    const recorded = this.#history.filter(({ pinned }) => pinned !== null).map(({ generation }) => generation);
    const needed = new Set([current, ...Object.keys(settings).map(Number), ...recorded]);
    for (const known of this.#pinned.keys()) if (!needed.has(known)) this.#pinned.delete(known);
  }
}

const isCurrent = ({ generation }: HistoryEntry, { current }: Served): boolean => generation === current;

/** The one that serves stays, however many failed after it, and so does the one to go back to, however many were restarts. */
function newest(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const surplus = entries.length - KEPT;
  const before = releaseBefore(entries)?.generation;
  return entries.filter((entry, index) => index >= surplus || entry.current || entry.generation === before);
}
