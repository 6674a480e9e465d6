// Puts a cluster process together: the host of the model, what it needs, and what it writes down. (cluster process)

import { EvenkeelError } from '../core/errors.ts';
import { type AppSpec, formatAddress } from '../core/spec.ts';
import { takeKeys } from '../core/take-keys.ts';
import { type AppLogs, openAppLogs } from '../logs/app-logs.ts';
import { systemClock } from '../platform/clock.ts';
import { identify, isAlive, type ProcessIdentity } from '../platform/process-identity.ts';
import { StateFile } from '../platform/state-file.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';
import { ClusterHost, settingsFrom } from './cluster-host.ts';
import { type ClusterRecord, type KnownWorker, readClusterRecord } from './cluster-store.ts';
import { Deploys, deployFinished } from './deploys.ts';
import { endOrphans } from './end-orphans.ts';
import { EventRing } from './event-ring.ts';
import { useBalance } from './fork.ts';
import { Generations } from './generations.ts';
import { InheritedSockets } from './inherited-sockets.ts';
import { LiveStatus } from './live-status.ts';
import { Orphans } from './orphans.ts';
import { Recycler } from './recycle.ts';

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
  readonly events: EventRing;
  readonly generations: Generations;
  readonly status: LiveStatus;
  readonly predecessor: ClusterRecord | null;
  readonly #state: StateFile;
  readonly #self: ProcessIdentity | null = identify(process.pid);
  readonly #watchers = new Set<() => void>();
  #running: Running | null = null;
  /** The logs take one change at a time. */
  #logsApplied: Promise<void> = Promise.resolve();

  constructor(boot: ClusterBoot) {
    this.boot = boot;
    this.predecessor = readClusterRecord(boot.stateFile);
    this.sockets = new InheritedSockets(boot.sockets);
    this.sockets.receiveFrom(process);
    this.events = new EventRing(this.predecessor?.lastEvent ?? 0);
    this.generations = new Generations(boot.generation);
    if (this.predecessor !== null) this.generations.restore(this.predecessor);
    this.status = new LiveStatus(boot.app);
    this.#state = new StateFile(boot.stateFile, {
      onError: (error) => complain(boot.stateFile, error),
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

  /** Opens logs and starts the machines for an app of this spec. Once. */
  open(spec: AppSpec): Running {
    if (this.#running !== null) return this.#running;
    useBalance(spec.balance);
    const { boot, events, generations } = this;
    const logs = openAppLogs(spec.logs, {
      stdout: process.stdout,
      stderr: process.stderr,
      now: () => Date.now(),
      onProblem: (stream, message) => host.tell({ type: 'log-problem', stream, message }),
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

  /** A predecessor that was killed before its first start was through left workers that nobody else would end. */
  async clearRemains(spec: AppSpec): Promise<void> {
    const left = this.predecessor?.workers.map((worker) => worker.identity) ?? [];
    await endOrphans(left, spec.stop.timeout);
  }

  /** Takes over from a predecessor that was killed: its committed generation, and the workers it left. */
  async resume(): Promise<number> {
    const record = this.predecessor;
    if (record?.current === null || record === null) {
      throw new EvenkeelError('APP_STOPPED', `${this.boot.app}: nothing was running here`, {
        hint: `Start it with \`evenkeel start ${this.boot.app}\`.`,
      });
    }
    const { current } = record;
    const { host } = this.open(current.spec);
    this.#recordUnfinished(record);
    const alive = record.workers.filter((worker) => isAlive(worker.identity));
    const orphans = new Orphans(alive, (type, key) => host.dispatch({ type, key }));
    await orphans.listen(this.boot.agentsSocket);
    for (const worker of orphans.workers) host.adopt(worker);
    const settings = Object.fromEntries(
      alive.map(({ generation }) => [
        generation,
        settingsFrom(this.generations.find(generation)?.spec ?? current.spec),
      ]),
    );
    host.dispatch({
      ...{ type: 'resume', generation: current.generation, workers: record.desired, orphans: alive },
      settings: { ...settings, [current.generation]: settingsFrom(current.spec) },
      // Nobody holds an undeclared port for them: the new workers can only have it after the orphans.
      orphansFirst: current.spec.listen.length === 0,
    });
    this.#applyLive();
    return current.generation;
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

  async close(): Promise<void> {
    await Promise.all(this.#running?.host.leftovers ?? []);
    await this.#logsApplied;
    await this.#running?.logs.close().catch((error) => complain('logs', error));
    this.#changed();
    await this.#state.close();
  }

  #applyLive(): void {
    const { host, recycler, logs } = this.active;
    const spec = host.currentSpec;
    if (spec === null) return recycler.close();
    this.sockets.keep(spec.listen.map(formatAddress));
    recycler.apply(spec.restart);
    this.#logsApplied = this.#logsApplied.then(() => logs.apply(spec.logs)).catch((error) => complain('logs', error));
    for (const worker of host.workers.values()) worker.watchHealth();
  }

  #changed(): void {
    this.#state.save(this.#record());
    for (const listener of this.#watchers) listener();
  }

  #record(): ClusterRecord {
    const { host, deploys } = this.active;
    const { model } = host;
    const committed = deploys.running?.generation === model.current;
    const workers: KnownWorker[] = [];
    for (const { key, slot, generation, identity, startedAt } of host.workers.values()) {
      if (identity !== null) workers.push({ key, slot, generation, identity, startedAt });
    }
    return {
      ...{ app: this.boot.app, cluster: this.#self, lastGeneration: this.generations.last },
      current: this.generations.find(model.current),
      ...{ desired: model.desired, started: model.mode === 'running' },
      unfinished: committed ? null : deploys.running,
      ...{ history: this.generations.history, workers, lastEvent: this.events.last },
    };
  }

  /** A deploy that had not been committed has failed with the process that ran it. */
  #recordUnfinished({ unfinished }: ClusterRecord): void {
    if (unfinished === null) return;
    const { generation, reason, startedAt } = unfinished;
    const record = {
      ...{
        generation,
        outcome: 'failed' as const,
        reason: `${reason}: the cluster process was killed during the deploy`,
      },
      ...{ startedAt: new Date(startedAt).toISOString(), durationMs: Date.now() - startedAt },
    };
    const loss = { finished: 0, cut: 0, killed: 0 };
    this.generations.record(record, loss, false);
    this.#running?.host.tell(deployFinished(record, loss));
  }
}

/** The process's own stderr is kept by the manager. */
function complain(what: string, error: unknown): void {
  process.stderr.write(`${what}: ${String(error)}\n`);
}

function recyclable(host: ClusterHost): readonly { readonly key: number; readonly pid: number }[] {
  const workers: { key: number; pid: number }[] = [];
  for (const worker of host.model.workers) {
    const pid = host.workers.get(worker.key)?.identity?.pid;
    if (worker.state === 'ready' && worker.leaving === null && pid !== undefined)
      workers.push({ key: worker.key, pid });
  }
  return workers;
}
