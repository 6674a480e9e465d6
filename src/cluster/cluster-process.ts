// Puts a cluster process together: the host of the model, what it needs, and what it writes down. (cluster process)

import { EvenkeelError, toErrorBody } from '../core/errors.ts';
import { type AppSpec, formatAddress } from '../core/spec.ts';
import { takeKeys } from '../core/take-keys.ts';
import { type AppLogs, openAppLogs } from '../logs/app-logs.ts';
import { endsWithin } from '../logs/within.ts';
import { systemClock } from '../platform/clock.ts';
import type { ClusterRecord, KnownWorker } from '../platform/cluster-record.ts';
import { logAccess } from '../platform/log-access.ts';
import { identify, isAlive, type ProcessIdentity } from '../platform/process-identity.ts';
import { readClusterRecord } from '../platform/read-cluster-record.ts';
import { uidOf } from '../platform/run-as.ts';
import { StateFile } from '../platform/state-file.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';
import { CLOSING } from '../protocol/cluster-link.ts';
import { ClusterHost } from './cluster-host.ts';
import { Deploys, deployFinished } from './deploys.ts';
import { EventRing } from './event-ring.ts';
import { useBalance } from './fork.ts';
import { settingsFrom } from './generation-settings.ts';
import { Generations } from './generations.ts';
import { InheritedSockets } from './inherited-sockets.ts';
import { LiveStatus } from './live-status.ts';
import type { OrphanWorker } from './orphan-worker.ts';
import { Orphans } from './orphans.ts';
import { output } from './own-output.ts';
import { Recycler, recyclable } from './recycle.ts';
import { regainSockets } from './regain-sockets.ts';
import { SocketTraffic } from './socket-traffic.ts';
import { UNKNOWN_SETTINGS, UNKNOWN_SPEC } from './unknown-app.ts';

/** Everything that runs once the app's spec is known. */
export interface Running {
  readonly host: ClusterHost;
  readonly deploys: Deploys;
  readonly logs: AppLogs;
  readonly recycler: Recycler;
}

export class ClusterProcess {
  readonly boot: ClusterBoot;
  readonly startedAt = Date.now();
  readonly sockets: InheritedSockets;
  readonly traffic: SocketTraffic;
  readonly orphans: Orphans;
  readonly events: EventRing;
  readonly generations: Generations;
  readonly status: LiveStatus;
  readonly predecessor: ClusterRecord | null;
  readonly #state: StateFile;
  readonly #self: ProcessIdentity | null = identify(process.pid);
  readonly #watchers = new Set<() => void>();
  #running: Running | null = null;
  /** What runs or is to run, as far as known before the first generation serves. */
  #opened: AppSpec | null = null;
  #adopting: boolean = false;
  /** What is to run again as soon as its sockets are there. */
  #resuming: Pick<ClusterRecord, 'current' | 'desired' | 'started' | 'unfinished'> | null = null;
  /** The logs take one change at a time. */
  #logsApplied: Promise<void> = Promise.resolve();

  constructor(boot: ClusterBoot) {
    this.boot = boot;
    this.predecessor = readClusterRecord(boot.stateFile);
    const inUse = this.predecessor?.workers.some((worker) => isAlive(worker.identity)) ?? false;
    this.sockets = new InheritedSockets(boot.sockets, inUse);
    this.traffic = new SocketTraffic(this.sockets);
    this.events = new EventRing(this.predecessor?.lastEvent ?? 0);
    this.generations = new Generations(boot.generation);
    if (this.predecessor !== null) this.generations.restore(this.predecessor);
    this.orphans = this.#findOrphans();
    this.status = new LiveStatus(boot.app);
    this.#state = new StateFile(boot.stateFile, {
      onError: (error) => {
        output.complain(error, boot.stateFile);
        this.#tellOfState(toErrorBody(error).message);
      },
      onRecovery: () => {
        output.complain('is written again', boot.stateFile);
        this.#tellOfState(null);
      },
    });
  }

  /** null before `start` or `resume`. */
  get running(): Running | null {
    return this.#running;
  }

  /** Throws APP_STOPPED before `start` or `resume`. */
  get active(): Running {
    if (this.#running === null) throw new EvenkeelError('APP_STOPPED', `${this.boot.app} is not running`);
    return this.#running;
  }

  /** Opens the app for `start`, with the sockets that it declares and the workers that were left. Throws LISTEN_FAILED. */
  async begin(spec: AppSpec): Promise<Running> {
    const running = this.open(spec);
    this.adoptOrphans();
    await this.#regainSockets(spec);
    // A port that is not declared may be theirs, and they are not written down.
    if (spec.listen.length === 0) await this.orphans.allKnown();
    this.sockets.check(spec.listen.map(formatAddress));
    return running;
  }

  /** From now on: those that are known, and those to come. Until then they wait. */
  adoptOrphans(): void {
    this.#adopting = true;
    for (const orphan of this.orphans.workers) this.#takeOver(orphan);
  }

  /** Opens logs and starts the machines for an app of this spec; null: it is not known. Once. */
  open(spec: AppSpec | null): Running {
    if (this.#running !== null) return this.#running;
    this.#opened = spec;
    const { balance, logs: logSpec } = spec ?? UNKNOWN_SPEC;
    useBalance(balance);
    const { boot, events, generations } = this;
    const logs = openAppLogs(logSpec, {
      stdout: process.stdout,
      stderr: process.stderr,
      ownOutput: boot.output ?? null,
      now: () => Date.now(),
      onProblem: (stream, message) => host.tell({ type: 'log-problem', stream, message }),
      access: () => logAccess((this.#running?.host.currentSpec ?? spec)?.user ?? null, boot.config ?? null),
    });
    const host = new ClusterHost({
      ...{ app: boot.app, clock: systemClock, events, generations, logs },
      launch: { agent: boot.agent, agentsSocket: boot.agentsSocket, socketFd: (address) => this.sockets.fd(address) },
      prepare: (generation) => void deploys.prepare(generation),
      deployEnded: (action, failure) => {
        this.#applyLive();
        void deploys.ended(action, failure);
      },
      changed: () => this.#changed(),
      spawned: () => this.#state.saveNow(this.#record()),
    });
    const deploys = new Deploys(host, generations);
    const recycler = new Recycler({
      clock: systemClock,
      workers: () => recyclable(host),
      onTooLarge: (key, reason) => host.dispatch({ type: 'worker-leaving', key, reason, kind: 'upkeep' }),
      onSchedule: (reason) => host.dispatch({ type: 'all-leaving', reason }),
    });
    this.#running = { host, deploys, logs, recycler };
    return this.#running;
  }

  /**
   * Takes over from a predecessor that was killed: its committed generation, and the workers it left. Throws APP_STOPPED where
   * it left nothing, or had stopped it, and LISTEN_FAILED.
   */
  async resume(): Promise<number> {
    const record = this.predecessor;
    if (record === null || record.current === null || !record.started) {
      throw new EvenkeelError('APP_STOPPED', `${this.boot.app}: nothing was running here`, {
        hint: `Start it with \`evenkeel start ${this.boot.app}\`.`,
      });
    }
    const { current, desired, started, unfinished } = record;
    const { spec, generation } = current;
    const { host } = this.open(spec);
    // Should this process be killed meanwhile, its successor has to know as much as it did.
    this.#resuming = { current, desired, started, unfinished };
    this.adoptOrphans();
    await this.#regainSockets(spec);
    // Nobody is left who could pass on what is missing, so no worker would ever have it.
    if (this.orphans.workers.length === 0) this.sockets.check(spec.listen.map(formatAddress));
    // Told once: by the successor that goes on.
    const lost = this.generations.recordLost(unfinished, generation);
    if (lost !== null) host.tell(deployFinished(lost.record, lost.loss));
    this.#resuming = null;
    host.dispatch({ type: 'resume', generation, workers: desired, settings: settingsFrom(spec) });
    this.#applyLive();
    return generation;
  }

  /** Keys of the change class `live`: from now on these hold, for the workers there are too. */
  applyLive(from: AppSpec, keys: readonly string[]): void {
    const { host } = this.active;
    const generation = host.model.current;
    const spec = takeKeys(this.generations.pinned(generation).spec, from, keys);
    this.generations.amend(generation, spec);
    host.tell({ type: 'applied-live', keys });
    host.dispatch({ type: 'settings', generation, settings: settingsFrom(spec) });
    this.#applyLive();
  }

  /** Calls back after every change of the model until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** Has what there is written down once more. */
  save(): void {
    this.#state.save(this.#record());
  }

  /** The workers are gone. */
  async close(): Promise<void> {
    const leftovers = this.traffic.close().then(() => Promise.all(this.#running?.host.leftovers ?? []));
    this.orphans.close();
    await endsWithin(CLOSING.leftovers, leftovers);
    const closed = this.#running?.logs.close(CLOSING.logs).catch((error) => output.complain(error, 'logs'));
    await Promise.all([closed, endsWithin(CLOSING.logs, this.#logsApplied)]);
    if (this.#running !== null) this.#changed();
    // Nothing of it was left; it was stopped all the same, and is not to be resumed.
    else if (this.predecessor !== null) this.#state.save({ ...this.predecessor, started: false, workers: [] });
    await endsWithin(CLOSING.state, this.#state.close());
  }

  #findOrphans(): Orphans {
    return new Orphans(this.predecessor?.workers ?? [], {
      app: this.boot.app,
      nextKey: () => this.#running?.host.model.nextKey ?? 1,
      isOwn: (pid) => [...(this.#running?.host.workers.values() ?? [])].some(({ identity }) => identity?.pid === pid),
      stopSignal: (generation) => this.#specOf(generation)?.stop.signal ?? 'SIGTERM',
      uid: (generation) => uidOf(this.#specOf(generation)?.user ?? null),
      lastGeneration: () => this.generations.last,
      onQuiet: (key) => this.#running?.host.dispatch({ type: 'worker-quiet', key }),
      onDrained: (key) => this.#running?.host.dispatch({ type: 'worker-drained', key }),
      onFound: (orphan) => this.#takeOver(orphan),
    });
  }

  #takeOver(orphan: OrphanWorker): void {
    const { key, slot, generation } = orphan;
    this.generations.raise(generation);
    if (!this.#adopting || this.#running === null) return;
    const { host } = this.#running;
    if (host.workers.has(key)) return;
    const spec = this.#specOf(generation);
    host.adopt(orphan);
    host.tell({ type: 'worker-adopted', slot, pid: orphan.identity.pid, generation });
    host.dispatch({
      ...{ type: 'orphan-found', key, slot, generation },
      settings: spec === null ? UNKNOWN_SETTINGS : settingsFrom(spec),
      // Nobody holds an undeclared port for them: the new workers can only have it after the orphans.
      orphansFirst: this.#opened?.listen.length === 0,
    });
  }

  #specOf(generation: number): AppSpec | null {
    return this.generations.find(generation)?.spec ?? this.#opened;
  }

  /** Those that the manager could not give us are with the orphans. */
  async #regainSockets({ listen, command }: AppSpec): Promise<void> {
    // Only agents can pass sockets on.
    if (command !== null) return;
    await regainSockets(listen.map(formatAddress), this.sockets, this.orphans, this.traffic);
  }

  #applyLive(): void {
    const { host, recycler, logs } = this.active;
    const spec = host.currentSpec;
    if (spec === null) return recycler.close();
    this.sockets.keep(spec.listen.map(formatAddress));
    recycler.apply(spec.restart);
    this.#logsApplied = this.#logsApplied
      .then(() => logs.apply(spec.logs))
      .catch((error) => output.complain(error, 'logs'));
    for (const worker of host.workers.values()) worker.watchHealth();
  }

  #changed(): void {
    this.save();
    for (const listener of this.#watchers) listener();
  }

  #tellOfState(problem: string | null): void {
    this.#running?.host.tell({ type: 'record-problem', file: this.boot.stateFile, problem });
  }

  #record(): ClusterRecord {
    const { host, deploys } = this.active;
    const { model } = host;
    const workers: KnownWorker[] = [];
    for (const { key, slot, generation, identity, hasAgent, startedAt } of host.workers.values()) {
      if (identity !== null) workers.push({ key, slot, generation, identity, hasAgent, startedAt });
    }
    return {
      ...{ app: this.boot.app, cluster: this.#self, lastGeneration: this.generations.last },
      current: this.generations.find(model.current),
      ...{ desired: model.desired, started: model.mode === 'running' },
      unfinished: deploys.running,
      ...{ history: this.generations.history, workers, lastEvent: this.events.last },
      ...this.#resuming,
      // A stop holds while it is resumed, too.
      ...(model.mode === 'stopping' ? { started: false } : {}),
    };
  }
}
