// What a manager may ask of a cluster process, one handler each. (cluster process)

import { type ClusterModel, hasReadyWorker, IDLE_CLUSTER, slotRecord } from '../core/cluster-model.ts';
import { deferred } from '../core/deferred.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { ChangeResult, DeployResult, Generation, Slot, WorkerFailure } from '../core/status.ts';
import type { AppLogs } from '../logs/app-logs.ts';
import type { ClusterParams, ClusterSnapshot, LogLine, ResumeResult, ScaleResult } from '../protocol/cluster-link.ts';
import { LINK_VERSION, OLDEST_LINK_VERSION } from '../protocol/cluster-link.ts';
import type { ClusterHost } from './cluster-host.ts';
import type { ClusterProcess } from './cluster-process.ts';
import { inProgress } from './deploys.ts';
import type { ClusterFiles } from './keep-files.ts';
import { type Handlers, type LinkConnection, LOG_BACKLOG } from './link-server.ts';
import { sendToWorkers, signalWorkers } from './tell-workers.ts';

/** What there is to do when a manager comes, and when it asks whether this process still answers. */
export type ManagedFiles = Pick<ClusterFiles, 'noteManager' | 'look'>;

/** `exit` is called when the app has been stopped, before that is answered: with whoever asked for it. */
export function handlersFor(
  cluster: ClusterProcess,
  exit: (asker: LinkConnection) => void,
  files: ManagedFiles,
): Handlers {
  const { app } = cluster.boot;
  let resuming: Promise<number> | null = null;
  let stopping: Promise<number> | null = null;
  let stopped = false;
  /** What would come up now would be left behind. */
  const refuseAfterStop = (): void => {
    if (stopping !== null || stopped) throw new EvenkeelError('SHUTTING_DOWN', `${app} is being stopped`);
  };
  return {
    hello: async (params, connection) => {
      const snapshot = hello(cluster, params);
      files.noteManager(connection);
      return snapshot;
    },
    start: async (request) => {
      refuseAfterStop();
      const before = startOf(cluster);
      if (before !== null) return before;
      const { deploys } = await cluster.begin(request.spec);
      return startOf(cluster) ?? deploys.begin(request, request.ran === true ? 'restart' : 'deploy');
    },
    resume: async () => {
      refuseAfterStop();
      // Of a manager that was killed meanwhile, and of the next one.
      resuming ??= cluster.resume().finally(() => {
        resuming = null;
      });
      return resumed(cluster, await resuming);
    },
    deploy: async (request) => cluster.active.deploys.begin(request),
    abort: async ({ reason, hurry = true }) => cluster.active.deploys.abort(reason, app, hurry),
    scale: async ({ workers }) => scale(cluster, workers),
    restart: async () => restart(cluster),
    'apply-live': async ({ spec, keys }) => {
      cluster.applyLive(spec, keys);
      return {};
    },
    stop: async ({ timeout }, connection) => {
      // Asked again, by the manager after the one that asked first, or with less time.
      if (stopping !== null && timeout !== null) cluster.running?.host.dispatch({ type: 'stop', timeout });
      stopping ??= stop(cluster, timeout).finally(() => {
        stopping = null;
      });
      const killed = await stopping;
      stopped = true;
      exit(connection);
      return { killed };
    },
    status: async () => {
      const host = cluster.running?.host;
      const { model, workers } = host ?? { model: IDLE_CLUSTER, workers: new Map() };
      const failureOf = (slot: Slot) => host?.failureOfSlot(slot) ?? null;
      return cluster.status.read(model, workers, cluster.generations.history, failureOf);
    },
    ping: async () => {
      files.look();
      return {};
    },
    history: async () => cluster.generations.history,
    // The name was checked where it came from; an unknown one throws here.
    signal: async ({ signal }) => ({ workers: await signalWorkers(cluster.active.host, signal) }),
    send: async ({ message }) => ({ workers: await sendToWorkers(cluster.active.host, message) }),
    logs: ({ lines, follow }, connection) => {
      const { logs } = cluster.active;
      const snapshot = logs.snapshot(lines);
      if (follow) followLogs(logs, snapshot, connection);
      return snapshot;
    },
  };
}

/** What the manager that asked for it did not live to hear: the next one asks for the same. Throws BAD_REQUEST. */
function startOf({ running, boot }: ClusterProcess): Promise<DeployResult> | null {
  if (running?.host.model.mode !== 'running') return null;
  const { start } = running.deploys;
  if (start === null) throw new EvenkeelError('BAD_REQUEST', `${boot.app} runs already`);
  return start;
}

/** From the moment of the snapshot on, but not before it is answered. */
function followLogs(logs: AppLogs, snapshot: Promise<unknown>, connection: LinkConnection): void {
  let held: LogLine[] | null = [];
  let characters = 0;
  let missed = 0;
  const take = (line: LogLine): void => {
    if (held === null) return connection.sendLog(line);
    characters += line.line.length;
    // A disk that hangs may hold up the snapshot for seconds.
    if (characters > LOG_BACKLOG) missed += 1;
    else held.push(line);
  };
  connection.onClose(logs.follow(take));
  void snapshot.then(() =>
    setImmediate(() => {
      for (const line of held ?? []) connection.sendLog(line);
      held = null;
      connection.skipLogs(missed);
    }),
  );
}

function hello(cluster: ClusterProcess, params: ClusterParams<'hello'>): ClusterSnapshot {
  if (params.version < OLDEST_LINK_VERSION) {
    throw new EvenkeelError('CLUSTER_LOST', `evenkeel ${params.evenkeel} is too old for this cluster process`, {
      hint: `Use evenkeel ${cluster.boot.evenkeel} or newer.`,
    });
  }
  const model = cluster.running?.host.model ?? IDLE_CLUSTER;
  return {
    ...{ version: Math.min(params.version, LINK_VERSION), evenkeel: cluster.boot.evenkeel, pid: process.pid },
    ...{ startedAt: new Date(cluster.startedAt).toISOString(), current: cluster.generations.find(model.current) },
    ...{ started: model.mode === 'running', desired: model.desired, held: cluster.sockets.addresses },
    status: cluster.status.plain(model, cluster.generations.history),
    failure: lastFailure(cluster, model),
    ...{ lastEvent: cluster.events.last, missed: cluster.events.after(params.sinceEvent) },
  };
}

function lastFailure({ running }: ClusterProcess, model: ClusterModel): WorkerFailure | null {
  const slots = Array.from({ length: model.desired }, (_, slot) => slot);
  const failing = slots.filter((slot) => slotRecord(model, slot).failures > 0);
  return failing.map((slot) => running?.host.failureOfSlot(slot) ?? null).find((failure) => failure !== null) ?? null;
}

/** Answers when its workers are ready, or one of them failed: the restart policy goes on either way. */
async function resumed(cluster: ClusterProcess, generation: Generation): Promise<ResumeResult> {
  const { host } = cluster.active;
  const { desired } = host.model;
  const result = await until(cluster, () => {
    const { model } = host;
    return overtaken(model, desired) ?? failed(host, 0) ?? (hasAllReady(model, 0, desired) ? DONE : null);
  });
  return { ...result, generation };
}

/**
 * Answers when the new ones are ready and no surplus is left. When one of the new ones fails, all of them go again: what
 * failed leaves nothing behind. How the others fare does not matter: one that has given up must not hold it up for ever.
 */
async function scale(cluster: ClusterProcess, workers: number): Promise<ScaleResult> {
  const { host, deploys } = cluster.active;
  const { app } = cluster.boot;
  if (deploys.running !== null) throw inProgress(app, deploys.running.generation, host.model.deploy?.phase);
  const from = host.model.desired;
  setWorkers(cluster, workers);
  const result = await until(cluster, () => scaled(host.model, from, workers) ?? failed(host, from));
  if (result.outcome !== 'failed') return { ...result, from, to: host.model.desired };
  setWorkers(cluster, from);
  await until(cluster, () => scaled(host.model, from, from));
  return { ...result, from, to: host.model.desired };
}

const DONE: ChangeResult = { outcome: 'done', cause: null, failure: null };

/** Of what is to have so many workers: it will not, for something else came. */
function overtaken({ mode, desired }: ClusterModel, workers: number): ChangeResult | null {
  if (mode !== 'running') return { outcome: 'aborted', cause: 'the app was stopped', failure: null };
  if (desired === workers) return null;
  return { outcome: 'aborted', cause: `the app is to have ${desired} workers since`, failure: null };
}

/** A worker from this slot on has failed. */
function failed(host: ClusterHost, from: Slot): ChangeResult | null {
  const found = Object.entries(host.model.slots).find(([slot, record]) => Number(slot) >= from && record.failures > 0);
  if (found === undefined) return null;
  const failure = failureOfSlot(host, Number(found[0]));
  return { outcome: 'failed', cause: failure.reason, failure };
}

/** Of the worker that has just failed: it may be on its way out still. */
function failureOfSlot(host: ClusterHost, slot: number): WorkerFailure {
  const failures = host.model.workers.map((worker) => {
    const isLeaving = worker.state === 'draining' || worker.state === 'killing';
    return isLeaving && worker.slot === slot ? host.failureOf(worker.key, worker.reason) : null;
  });
  const failure = failures.find((found) => found !== null) ?? host.failureOfSlot(slot);
  return failure ?? { slot, pid: null, reason: 'failed', code: null, signal: null, lastLines: [] };
}

function setWorkers(cluster: ClusterProcess, workers: number): void {
  const { host } = cluster.active;
  const { current, desired } = host.model;
  if (desired !== workers) host.tell({ type: 'scaled', from: desired, to: workers });
  const { spec } = cluster.generations.pinned(current);
  cluster.generations.amend(current, { ...spec, workers });
  host.dispatch({ type: 'scale', workers });
}

/** Stop, then start: the generation that serves comes back as a new one. */
function restart(cluster: ClusterProcess): Promise<DeployResult> {
  const { host, deploys } = cluster.active;
  const { current, desired } = host.model;
  const { spec, realCwd, realScript } = cluster.generations.pinned(current);
  const pinned = { realCwd, realScript };
  const request = { spec: { ...spec, workers: desired }, reason: 'restart', timeout: null, pinned };
  return deploys.begin(request, 'restart');
}

/** null: not yet. */
function scaled(model: ClusterModel, from: number, workers: number): ChangeResult | null {
  const other = overtaken(model, workers);
  if (other !== null) return other;
  const isDone = model.workers.every((worker) => worker.slot < workers) && hasAllReady(model, from, workers);
  return isDone ? DONE : null;
}

function hasAllReady(model: ClusterModel, from: number, to: number): boolean {
  for (let slot = from; slot < to; slot += 1) {
    if (!hasReadyWorker(model, slot, model.current)) return false;
  }
  return true;
}

/** How many had to be killed. */
async function stop(cluster: ClusterProcess, timeout: number | null): Promise<number> {
  const { orphans, predecessor } = cluster;
  if (cluster.running === null) {
    if (orphans.workers.length === 0) await orphans.allKnown();
    if (orphans.workers.length === 0) {
      await cluster.close();
      return 0;
    }
  }
  const { host, recycler, deploys } = cluster.running ?? cluster.open(predecessor?.current?.spec ?? null);
  let killed = 0;
  const noneLeft = (): true | null => {
    killed = Math.max(killed, host.model.workers.filter((worker) => worker.state === 'killing').length);
    return host.model.workers.length === 0 ? true : null;
  };
  recycler.close();
  deploys.close();
  host.dispatch({ type: 'stop', timeout });
  cluster.adoptOrphans();
  await until(cluster, noneLeft);
  // Workers of a predecessor that have not told of themselves yet drain as soon as they do.
  await orphans.allKnown();
  await until(cluster, noneLeft);
  await cluster.close();
  return killed;
}

/** Looks again after every change of the model; ends because every boot and every drain has a deadline. */
async function until<T>(cluster: ClusterProcess, look: () => T | null): Promise<T> {
  const found = look();
  if (found !== null) return found;
  const result = deferred<T>();
  const off = cluster.onChange(() => {
    const value = look();
    if (value !== null) result.resolve(value);
  });
  try {
    return await result.promise;
  } finally {
    off();
  }
}
