// The app's status as `status --json` shows it: the model, and what the workers' agents say when they are asked.
// Nobody is asked unless somebody looks. (cluster process)

import { appState, readyOfDeploy, shownPhase, workerCounts } from '../core/app-state.ts';
import { type ClusterModel, slotRecord, type Worker, type WorkerKey } from '../core/cluster-model.ts';
import { describeBackoff } from '../core/describe-backoff.ts';
import type { Milliseconds } from '../core/spec.ts';
import type {
  AppStatus,
  DeployProgress,
  DeployRecord,
  Slot,
  WorkerFailure,
  WorkerState,
  WorkerStatus,
} from '../core/status.ts';
import { systemClock } from '../platform/clock.ts';
import { cpuMicrosOf, rssOf } from '../platform/proc-stats.ts';
import type { HistoryEntry } from '../protocol/cluster-link.ts';
import type { LiveWorker } from './live-worker.ts';

/** A worker that is busy for longer shows without figures. */
const METRICS_TIMEOUT: Milliseconds = 250;

interface CpuSample {
  readonly micros: number;
  readonly at: number;
}

export class LiveStatus {
  readonly #app: string;
  readonly #samples = new Map<WorkerKey, CpuSample>();

  constructor(app: string) {
    this.#app = app;
  }

  async read(
    model: ClusterModel,
    live: ReadonlyMap<WorkerKey, LiveWorker>,
    history: readonly HistoryEntry[],
    failureOf: (slot: Slot) => WorkerFailure | null,
  ): Promise<AppStatus> {
    const known = model.workers.filter((worker) => live.has(worker.key));
    const shown = await Promise.all(known.map((worker) => this.#worker(model, worker, live.get(worker.key))));
    for (const key of this.#samples.keys()) if (!live.has(key)) this.#samples.delete(key);
    const workers = [...shown, ...waitingSlots(model)].sort((a, b) => a.slot - b.slot || a.generation - b.generation);
    return { ...this.plain(model, history), problem: describeBackoff(model, systemClock.now(), failureOf), workers };
  }

  /** Without workers: nobody is asked. */
  plain(model: ClusterModel, history: readonly HistoryEntry[]): AppStatus {
    return {
      ...{ name: this.#app, state: appState(model), generation: model.current, ...workerCounts(model) },
      ...{ clusterPid: process.pid, drift: false, problem: null, deploy: progress(model) },
      ...{ lastDeploy: lastDeploy(history), workers: [] },
    };
  }

  async #worker(model: ClusterModel, worker: Worker, live: LiveWorker | undefined): Promise<WorkerStatus> {
    const { key, slot, generation } = worker;
    const pid = live?.identity?.pid ?? null;
    const metrics = (await live?.metrics(METRICS_TIMEOUT)) ?? null;
    const rss = metrics?.rss ?? (pid === null ? null : rssOf(pid));
    const cpuMicros = metrics?.cpuMicros ?? (pid === null ? null : cpuMicrosOf(pid));
    return {
      ...{ slot, pid, state: shownState(worker.state), generation },
      ...{ startedAt: live === undefined ? null : new Date(live.startedAt).toISOString() },
      ...{ restarts: slotRecord(model, slot).restarts, rss, cpu: this.#cpu(key, cpuMicros, live?.startedAt ?? 0) },
      ...{ connections: metrics?.connections ?? null, requests: metrics?.requests ?? null },
    };
  }

  /** Cores' worth since the last look; at the first one, since the start. */
  #cpu(key: WorkerKey, micros: number | null, startedAt: number): number | null {
    if (micros === null) return null;
    const at = systemClock.now();
    const before = this.#samples.get(key) ?? { micros: 0, at: startedAt };
    this.#samples.set(key, { micros, at });
    const elapsed = (at - before.at) * 1_000;
    return elapsed <= 0 ? 0 : Math.round((1_000 * Math.max(0, micros - before.micros)) / elapsed) / 1_000;
  }
}

function shownState(state: Worker['state']): WorkerState {
  switch (state) {
    case 'standing-by':
      return 'booting';
    case 'killing':
      return 'stopping';
    default:
      return state;
  }
}

function waitingSlots(model: ClusterModel): readonly WorkerStatus[] {
  const waiting: WorkerStatus[] = [];
  if (model.mode !== 'running') return waiting;
  for (let slot = 0; slot < model.desired; slot += 1) {
    const record = slotRecord(model, slot);
    if (record.restarts === 0 || model.workers.some((worker) => worker.slot === slot)) continue;
    const nothing = { pid: null, startedAt: null, rss: null, cpu: null, connections: null, requests: null };
    waiting.push({ ...nothing, slot, state: 'backoff', generation: model.current, restarts: record.restarts });
  }
  return waiting;
}

function progress(model: ClusterModel): DeployProgress | null {
  const { deploy } = model;
  if (deploy === null) return null;
  const { generation, workers } = deploy;
  const startedAt = new Date(deploy.startedAt).toISOString();
  return {
    generation,
    phase: shownPhase(deploy),
    startedAt,
    ready: readyOfDeploy(model),
    desired: workers,
  };
}

export function lastDeploy(history: readonly HistoryEntry[]): DeployRecord | null {
  const last = history.at(-1);
  if (last === undefined) return null;
  const { generation, outcome, reason, startedAt, durationMs } = last;
  return { generation, outcome, reason, startedAt, durationMs };
}
