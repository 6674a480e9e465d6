// Manager: all apps it knows, those of the file and those that still run without being in it, each with its handle, its
// record and its sockets.

import type { AddressMove } from '../core/address-moves.ts';
import type { AppEvent } from '../core/events.ts';
import { noSuchApp } from '../core/not-found.ts';
import type { AppSpec, ListenAddress } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import type { Clock } from '../platform/clock.ts';
import { availableCpus } from '../platform/cpus.ts';
import { overrideSpec } from '../platform/overrides.ts';
import type { StateLayout } from '../platform/paths.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import { readClusterRecord } from '../platform/read-cluster-record.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import { AppEntry } from './app-entry.ts';
import type { AppLane, Task } from './app-lane.ts';
import { BootTurns } from './boot-turns.ts';
import { ClusterHandle } from './cluster-handle.ts';
import { type ClusterContact, ClusterOwner } from './cluster-owner.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { DeclaredSockets } from './declared-sockets.ts';
import { DeployClaims } from './deploy-claims.ts';
import type { EventBus } from './event-bus.ts';
import { settlePending } from './pending-override.ts';
import { prepareBoot } from './prepare-boot.ts';
import { SocketKeeper } from './socket-keeper.ts';
import { StartWaits } from './start-waits.ts';
import type { StateStore } from './state-store.ts';
import type { Warnings } from './warnings.ts';

export interface FleetOptions {
  readonly evenkeel: string;
  readonly layout: StateLayout;
  /** Absolute path of the agent to preload. */
  readonly agent: string;
  readonly ports: ClusterPorts;
  readonly bus: EventBus;
  readonly state: StateStore;
  readonly warnings: Warnings;
  bind(address: ListenAddress): BoundSocket;
  ensureDir(path: string): void;
  /** Events, as JSON, that an earlier manager may have written to the log already. */
  readonly recorded: ReadonlySet<string>;
  /** The connection to an app's cluster process has ended; or, null, it could not be started. */
  onLoss(app: string, lost: ProcessIdentity | null): void;
  /** A deploy has ended for which no operation waits. */
  onDeployed(app: string): void;
  /** What went wrong beside any operation, for manager.out. */
  complain(problem: unknown): void;
}

export class Fleet {
  readonly bus: EventBus;
  readonly state: StateStore;
  readonly warnings: Warnings;
  readonly sockets: DeclaredSockets;
  readonly keeper: SocketKeeper;
  readonly waits: StartWaits;
  readonly claims = new DeployClaims();
  readonly boots: BootTurns;
  /**
   * Apps that an earlier manager has left dead, until a start tells of it, each with the generation that this one has
   * brought back; null: none yet.
   */
  readonly cameBack = new Map<string, Generation | null>();
  /** Of the reload under way: who is to have which address, held for it already. */
  moves: readonly AddressMove[] = [];
  readonly layout: StateLayout;
  readonly #options: FleetOptions;
  readonly #entries = new Map<string, AppEntry>();
  readonly #closed = new AbortController();
  /** Aborted when the manager lets go of every cluster process. */
  readonly closed: AbortSignal = this.#closed.signal;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.bus = options.bus;
    this.state = options.state;
    this.warnings = options.warnings;
    this.layout = options.layout;
    this.sockets = new DeclaredSockets(options.bind);
    this.boots = new BootTurns(availableCpus(), options.ports.clock);
    this.waits = new StartWaits(options.ports.clock);
    this.keeper = new SocketKeeper({
      ...{ ports: options.ports, sockets: this.sockets, complain: (problem) => this.complain(problem) },
      isWanted: (app) => this.isWanted(app),
      inLane: (app, work) => this.lane(app).run('operation', work),
      onTaken: (app, addresses) => this.bus.emit({ type: 'sockets-taken', app, addresses }),
    });
  }

  get clock(): Clock {
    return this.#options.ports.clock;
  }

  now(): number {
    return this.clock.now();
  }

  /** A bug, or trouble beside any operation: to manager.out. */
  complain(error: unknown): void {
    this.#options.complain(error);
  }

  /** Apps of the file in its order, then others that run or should. */
  get names(): readonly string[] {
    const listed = this.state.ecosystem?.apps.map((app) => app.name) ?? [];
    const others = [...this.#entries].filter(([, entry]) => entry.isPresent).map(([name]) => name);
    return [...new Set([...listed, ...others])];
  }

  handle(name: string): ClusterContact {
    return this.#entry(name).handle;
  }

  /** Who starts and ends its cluster process. */
  owner(name: string): ClusterOwner {
    return this.#entry(name).owner;
  }

  /** Where everything waits for its turn that changes the app. */
  lane(name: string): AppLane {
    return this.#entry(name).lane;
  }

  /** How often its cluster process was lost in a row. */
  lossesOf(name: string): number {
    return this.#entry(name).losses;
  }

  /** It is meant to run, and this manager looks after it. */
  isWanted(name: string): boolean {
    return !this.closed.aborted && this.state.app(name).wanted;
  }

  /** What the file says of an app; null: not in it. */
  fileSpec(name: string): AppSpec | null {
    return this.state.ecosystem?.apps.find((app) => app.name === name) ?? null;
  }

  /** What is to run: the file's spec as commands have changed it. Throws NO_SUCH_APP. */
  wantedSpec(name: string): AppSpec {
    const spec = this.fileSpec(name);
    if (spec === null) throw noSuchApp(name, this.names);
    return overrideSpec(spec, this.state.app(name).override);
  }

  /** What runs; null: nothing. */
  runningSpec(name: string): AppSpec | null {
    const { handle } = this.#entry(name);
    const serves = (handle.isUp || handle.revival !== null) && handle.snapshot?.started === true;
    return serves ? (handle.snapshot?.current?.spec ?? null) : null;
  }

  /**
   * What runs, or ran when its cluster process was lost, which the next one goes by; null: nothing did, as far as anybody
   * knows. Throws STATE_FROM_NEWER_VERSION.
   */
  lastSpec(name: string): AppSpec | null {
    const { snapshot } = this.handle(name);
    // Who has never spoken to it, or only to a successor that could not go on, finds it where it is written.
    const last = snapshot?.started === true ? snapshot : readClusterRecord(this.layout.app(name).stateFile);
    return last?.started === true ? (last.current?.spec ?? null) : null;
  }

  /** Nothing runs, and nothing is being brought back. */
  get isIdle(): boolean {
    return ![...this.#entries.values()].some((entry) => entry.isPresent);
  }

  /** Throws NO_SUCH_APP. */
  requireKnown(name: string): void {
    if (!this.names.includes(name)) throw noSuchApp(name, this.names);
  }

  /**
   * Binds the app's sockets and starts a cluster process with them, in the place of one in which nothing runs; workers come
   * with `start`. Throws LISTEN_FAILED, or Superseded where a stop has come, which then takes it down.
   */
  async launch(name: string, spec: AppSpec, task: Task): Promise<ClusterContact> {
    task.goOn();
    const { handle, owner } = this.#entry(name);
    await owner.abandon();
    // Workers that were left may have them: the cluster process asks those.
    if (owner.hasLeftWorkers) this.sockets.holdPossible(name, spec);
    else this.sockets.hold(name, spec);
    try {
      await owner.ensure();
    } catch (error) {
      // Whoever asked is told; it is meant to run all the same.
      if (this.isWanted(name)) this.#options.onLoss(name, null);
      throw error;
    }
    task.goOn();
    return handle;
  }

  /** An app that is in the file no more, and of which nothing is left, is not kept. */
  forgetIfOver(name: string): boolean {
    const entry = this.#entries.get(name);
    const { wanted, cluster } = this.state.app(name);
    if (this.fileSpec(name) !== null || wanted || cluster !== null) return false;
    if (entry !== undefined && (entry.isPresent || !entry.lane.isIdle)) return false;
    entry?.close();
    this.#entries.delete(name);
    this.state.forget(name);
    return true;
  }

  /** Lets go of every cluster process; they run on. */
  close(): void {
    this.#closed.abort();
    this.keeper.close();
    this.waits.close();
    for (const entry of this.#entries.values()) entry.close();
  }

  /** An adopted app goes on being meant to run; a restart of it that was begun is over. */
  noteRunning(name: string): void {
    const { wanted, restarting } = this.state.app(name);
    if (!wanted || restarting !== null) this.state.update(name, { wanted: true, restarting: null });
    this.#noteGeneration(name, this.handle(name).snapshot?.current?.generation ?? 0);
  }

  #entry(name: string): AppEntry {
    const found = this.#entries.get(name);
    if (found !== undefined) return found;
    const { evenkeel, layout, ports } = this.#options;
    const handle = new ClusterHandle(name, layout.app(name), evenkeel, ports, {
      onEvent: (app, event) => this.#hear(app, event),
      onMissed: (app, events) => {
        const { recorded } = this.#options;
        for (const { event } of events) {
          if (recorded.has(JSON.stringify(event))) this.warnings.hear(event);
          else this.#hear(app, event);
        }
      },
      onProcess: (app, identity) => this.#noteProcess(app, identity),
      // Whoever deploys it now settles that himself.
      onSnapshot: (app, snapshot) => void (this.claims.of(app) ?? settlePending(this.state, app, snapshot)),
      onLost: (app, identity) => {
        if (this.#closed.signal.aborted) return;
        this.#entry(app).noteLoss();
        this.#options.onLoss(app, identity);
      },
    });
    const owner = new ClusterOwner(handle, {
      ...{ ports, closed: this.closed, recorded: () => this.state.app(name).cluster },
      prepare: () => {
        const sockets = this.sockets.of(name);
        return { boot: prepareBoot(handle, this.#options, this.state.app(name).generation, sockets), sockets };
      },
      onStarted: () => this.bus.emit({ type: 'cluster-started', app: name, pid: handle.identity?.pid ?? 0 }),
    });
    const entry = new AppEntry(handle, owner, ports, (problem) => this.complain(problem));
    this.#entries.set(name, entry);
    return entry;
  }

  #hear(app: string, event: AppEvent): void {
    if (event.type === 'deploy-started') this.#noteGeneration(app, event.generation);
    this.warnings.hear(event);
    this.bus.relay(event);
    // Whoever has claimed it sees to what follows himself. Nobody waits for that of an earlier manager.
    if (event.type === 'deploy-finished') void this.#refresh(app, this.claims.of(app) === null);
  }

  async #refresh(app: string, isUnclaimed: boolean): Promise<void> {
    try {
      const { current } = await this.handle(app).refresh();
      this.#noteGeneration(app, current?.generation ?? 0);
      if (isUnclaimed && current !== null) this.#options.onDeployed(app);
    } catch {
      // It is being lost or stopped; that is told on its own.
    }
  }

  #noteGeneration(app: string, generation: number): void {
    if (generation > this.state.app(app).generation) this.state.update(app, { generation });
  }

  #noteProcess(app: string, identity: ProcessIdentity | null): void {
    this.#entry(app).noteProcess(identity !== null);
    this.warnings.note(this.layout.app(app).stateFile, null);
    this.state.update(app, { cluster: identity });
  }
}
