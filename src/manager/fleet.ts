// Manager: all apps it knows, those of the file and those that still run without being in it, each with its handle, its
// record and its sockets. Keeps the cluster process of every app that is meant to run alive.

import { EvenkeelError } from '../core/errors.ts';
import type { AppEvent } from '../core/events.ts';
import type { RunningApp } from '../core/plan.ts';
import type { AppSpec, ListenAddress, Milliseconds } from '../core/spec.ts';
import type { StateLayout } from '../platform/paths.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import { noSuchApp } from './absent-app.ts';
import { ClusterHandle } from './cluster-handle.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { deployDeadline, stopDeadline } from './deadlines.ts';
import { DeclaredSockets } from './declared-sockets.ts';
import { DeployClaims } from './deploy-claims.ts';
import type { EventBus } from './event-bus.ts';
import { Heartbeat } from './heartbeat.ts';
import { isLoss } from './link-client.ts';
import { overrideSpec } from './overrides.ts';
import { settlePending } from './pending-override.ts';
import { prepareBoot } from './prepare-boot.ts';
import { regainSockets } from './regain-sockets.ts';
import { endProcess, type Revival, reviveCluster } from './revive-cluster.ts';
import type { StateStore } from './state-store.ts';

export interface FleetOptions {
  readonly evenkeel: string;
  readonly layout: StateLayout;
  /** Absolute path of the agent to preload. */
  readonly agent: string;
  readonly ports: ClusterPorts;
  readonly bus: EventBus;
  readonly state: StateStore;
  bind(address: ListenAddress): BoundSocket;
  ensureDir(path: string): void;
  /** Events, as JSON, that an earlier manager may have written to the log already. */
  readonly recorded: ReadonlySet<string>;
  /** What went wrong beside any operation, for manager.out. */
  complain(problem: unknown): void;
}

/** A cluster process that stayed this long was not lost "again". */
const SOUND_AFTER: Milliseconds = 60_000;
const RESUME_TIMEOUT: Milliseconds = 60_000;

interface Entry {
  readonly handle: ClusterHandle;
  readonly heartbeat: Heartbeat;
  losses: number;
  upSince: number;
}

export class Fleet {
  readonly bus: EventBus;
  readonly state: StateStore;
  readonly sockets: DeclaredSockets;
  readonly claims = new DeployClaims();
  readonly layout: StateLayout;
  readonly #options: FleetOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #closed = new AbortController();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.bus = options.bus;
    this.state = options.state;
    this.layout = options.layout;
    this.sockets = new DeclaredSockets(options.bind);
  }

  now(): number {
    return this.#options.ports.clock.now();
  }

  /** A bug, or trouble beside any operation: to manager.out. */
  complain(error: unknown): void {
    this.#options.complain(error);
  }

  /** Apps of the file in its order, then others that run or should. */
  get names(): readonly string[] {
    const listed = this.state.ecosystem?.apps.map((app) => app.name) ?? [];
    const others = [...this.#entries.keys()].filter((name) => this.#isPresent(name));
    return [...new Set([...listed, ...others])];
  }

  handle(name: string): ClusterHandle {
    return this.#entry(name).handle;
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

  /** Nothing runs, and nothing is being brought back. */
  get isIdle(): boolean {
    return ![...this.#entries.keys()].some((name) => this.#isPresent(name));
  }

  /** Throws NO_SUCH_APP. */
  requireKnown(name: string): void {
    if (!this.names.includes(name)) throw noSuchApp(name, this.names);
  }

  /** For the planner: an app of the file without a record is new. */
  running(): readonly RunningApp[] {
    const recorded = new Set(this.state.names);
    const known = this.names.filter((name) => recorded.has(name) || this.fileSpec(name) === null);
    return known.map((name) => this.runningApp(name));
  }

  runningApp(name: string): RunningApp {
    return { name, spec: this.runningSpec(name), down: this.state.app(name).wanted };
  }

  /** Binds the app's sockets and starts its cluster process; workers come with `start`. */
  async launch(name: string, spec: AppSpec): Promise<ClusterHandle> {
    this.sockets.hold(name, spec.listen);
    return await this.#start(name);
  }

  /** Stops the workers and the cluster process and lets the sockets go. */
  async takeDown(name: string, timeout: Milliseconds | null): Promise<{ readonly killed: number }> {
    const { handle } = this.#entry(name);
    const spec = this.runningSpec(name);
    const deadline = stopDeadline(spec, timeout);
    this.state.update(name, { wanted: false });
    if (handle.revival !== null) await handle.revival;
    const result = await this.#stop(name, timeout, deadline);
    this.sockets.release(name);
    return result;
  }

  /** Lets go of every cluster process; they run on. */
  close(): void {
    this.#closed.abort();
    for (const { handle, heartbeat } of this.#entries.values()) {
      heartbeat.stop();
      handle.detach();
    }
  }

  /** Brings back the cluster process of an app that was lost, or did not answer, when it was to be adopted. */
  async recover(name: string, lost: ProcessIdentity): Promise<void> {
    await this.#revive(this.#entry(name), lost, 'end');
  }

  async #stop(
    name: string,
    timeout: Milliseconds | null,
    deadline: Milliseconds,
  ): Promise<{ readonly killed: number }> {
    const { handle } = this.#entry(name);
    // Lost, and not brought back yet: only a successor can stop the workers it left.
    if (!handle.isUp && this.state.app(name).cluster !== null) await this.#relaunch(name);
    if (!handle.isUp) return { killed: 0 };
    try {
      return await handle.stop(timeout, deadline);
    } catch (error) {
      if (!isLoss(error)) throw error;
      // It died or hangs in the midst of it.
      await handle.abandon();
      await this.#relaunch(name);
      return await handle.stop(timeout, deadline);
    }
  }

  isAlive(identity: ProcessIdentity): boolean {
    return this.#options.ports.isAlive(identity);
  }

  /** An adopted app goes on being meant to run. */
  noteRunning(name: string): void {
    if (!this.state.app(name).wanted) this.state.update(name, { wanted: true });
    this.#noteGeneration(name, this.handle(name).snapshot?.current?.generation ?? 0);
  }

  #entry(name: string): Entry {
    const found = this.#entries.get(name);
    if (found !== undefined) return found;
    const { evenkeel, layout, ports } = this.#options;
    const handle = new ClusterHandle(name, layout.app(name), evenkeel, ports, {
      onEvent: (app, event) => this.#hear(app, event),
      onMissed: (app, events) => {
        const { recorded } = this.#options;
        for (const event of events) if (!recorded.has(JSON.stringify(event))) this.#hear(app, event);
      },
      onProcess: (app, identity) => this.#noteProcess(app, identity),
      // Whoever deploys it now settles that himself.
      onSnapshot: (app, snapshot) => void (this.claims.of(app) ?? settlePending(this.state, app, snapshot)),
      onLost: (app, identity) => {
        if (this.#closed.signal.aborted) return;
        const entry = this.#entry(app);
        entry.losses = this.now() - entry.upSince > SOUND_AFTER ? 1 : entry.losses + 1;
        void this.#revive(entry, identity, 'reconnect');
      },
    });
    const entry = { handle, heartbeat: new Heartbeat(handle, ports.clock), losses: 0, upSince: 0 };
    this.#entries.set(name, entry);
    return entry;
  }

  async #start(name: string): Promise<ClusterHandle> {
    const { handle } = this.#entry(name);
    const { ports } = this.#options;
    const { cluster, generation } = this.state.app(name);
    // It would hold the socket of its successor, and yet could not be asked.
    if (cluster !== null && ports.isAlive(cluster)) await endProcess(cluster, ports);
    const sockets = this.sockets.of(name);
    await handle.launch(prepareBoot(handle, this.#options, generation, sockets), sockets);
    this.bus.emit({ type: 'cluster-started', app: name, pid: handle.identity?.pid ?? 0 });
    return handle;
  }

  #isPresent(name: string): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && (entry.handle.isUp || entry.handle.revival !== null);
  }

  #hear(app: string, event: AppEvent): void {
    if (event.type === 'deploy-started') this.#noteGeneration(app, event.generation);
    this.bus.relay(event);
    // A deploy that no operation of ours waits for: that of an earlier manager.
    if (event.type === 'deploy-finished') void this.#refresh(app);
  }

  async #refresh(app: string): Promise<void> {
    try {
      const snapshot = await this.handle(app).refresh();
      this.#noteGeneration(app, snapshot.current?.generation ?? 0);
    } catch {
      // It is being lost or stopped; that is told on its own.
    }
  }

  #noteGeneration(app: string, generation: number): void {
    if (generation > this.state.app(app).generation) this.state.update(app, { generation });
  }

  #noteProcess(app: string, identity: ProcessIdentity | null): void {
    this.#entry(app).upSince = this.now();
    this.state.update(app, { cluster: identity });
  }

  async #revive(entry: Entry, lost: ProcessIdentity, ifAlive: Revival['ifAlive']): Promise<void> {
    const { handle } = entry;
    const { app } = handle;
    const revival = {
      ...{ handle, ifAlive, ports: this.#options.ports },
      isWanted: () => this.#isWanted(app),
      onDead: () => this.bus.emit({ type: 'cluster-lost', app, pid: lost.pid }),
      relaunch: () => this.#relaunch(app),
      onFailure: (error: unknown) => this.complain(`${app}: its cluster process is not back yet: ${String(error)}`),
    };
    await handle.revive(() => reviveCluster(lost, entry.losses, revival).catch((error) => this.complain(error)));
  }

  async #relaunch(name: string): Promise<void> {
    const last = this.handle(name).snapshot?.current?.spec;
    const spec = last ?? (this.fileSpec(name) === null ? null : this.wantedSpec(name));
    // What only orphaned workers have (regain-sockets.ts) must not keep the rest from starting.
    const missing = this.sockets.holdPossible(name, spec?.listen ?? []);
    const handle = await this.#start(name);
    try {
      await handle.ask('resume', {}, spec === null ? RESUME_TIMEOUT : deployDeadline(spec, null, null));
    } catch (error) {
      // It was lost before its first generation served.
      if (spec === null || !(error instanceof EvenkeelError) || error.code !== 'APP_STOPPED') throw error;
      const start = { spec, reason: 'its cluster process was lost', timeout: null, pinned: null };
      await handle.ask('start', start, deployDeadline(spec, null, null));
    }
    await handle.refresh();
    if (missing.length === 0) return;
    const { ports, complain } = this.#options;
    const isWanted = () => this.#isWanted(name);
    regainSockets({ handle, sockets: this.sockets, ports, isWanted, complain }, missing).catch(complain);
  }

  #isWanted(name: string): boolean {
    return !this.#closed.signal.aborted && this.state.app(name).wanted;
  }
}
