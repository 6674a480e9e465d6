// Manager: its side of one app's cluster process: starts it or connects to one that runs, asks, hears, notices when it
// is gone or hangs. The cluster process itself does the work and knows the truth; what is kept here is its last word.
//
//   down ── launch, adopt ──▶ up ── stop, detach ──▶ down
//                             └── the connection ends ──▶ down, and `onLost` is told

import type { Socket } from 'node:net';
import { EvenkeelError } from '../core/errors.ts';
import type { AppEvent } from '../core/events.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { AppState } from '../core/status.ts';
import type { AppLayout } from '../platform/paths.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import { CLUSTER_BOOT_TIMEOUT, type ClusterBoot } from '../protocol/cluster-boot.ts';
import type { ClusterParams, ClusterRequestType, ClusterResult, ClusterSnapshot } from '../protocol/cluster-link.ts';
import { awaitSocket, reachSocket } from './await-socket.ts';
import { clusterLost, notBack, notRunning, startFailed } from './cluster-faults.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { QUICK } from './deadlines.ts';
import { endProcess } from './end-process.ts';
import { LinkClient, type LinkHandlers, type LinkNews } from './link-client.ts';
import { pause, pauseUnless } from './pause.ts';

const PAUSE: Milliseconds = 20;

export interface HandleListener {
  onEvent(app: string, event: AppEvent): void;
  /** What happened while nobody listened, as far as the cluster process has kept it; perhaps told before. */
  onMissed(app: string, events: ClusterSnapshot['missed']): void;
  /** The cluster process that runs the app from now on; null: none. */
  onProcess(app: string, identity: ProcessIdentity | null): void;
  /** What the cluster process says of itself: when it is started or adopted, and after each operation. */
  onSnapshot(app: string, snapshot: ClusterSnapshot): void;
  onLost(app: string, identity: ProcessIdentity): void;
}

interface Up {
  readonly kind: 'up';
  readonly link: LinkClient;
  readonly identity: ProcessIdentity;
}

export class ClusterHandle {
  readonly app: string;
  readonly layout: AppLayout;
  /** Why the last attempt to bring the cluster process back has failed; null: none has since there was one. */
  whyDown: string | null = null;
  readonly #ports: ClusterPorts;
  readonly #evenkeel: string;
  readonly #listener: HandleListener;
  #connection: Up | { readonly kind: 'down' } = { kind: 'down' };
  #snapshot: ClusterSnapshot | null = null;
  #state: AppState = 'stopped';
  #lastEvent = 0;
  /** What was asked to stop: its end is no loss. */
  #leaving: Up | null = null;
  /** Of these, all get their answer before the connection is let go. */
  readonly #stops = new Set<Promise<unknown>>();
  #revival: Promise<void> | null = null;

  constructor(app: string, layout: AppLayout, evenkeel: string, ports: ClusterPorts, listener: HandleListener) {
    this.app = app;
    this.layout = layout;
    this.#evenkeel = evenkeel;
    this.#ports = ports;
    this.#listener = listener;
  }

  get isUp(): boolean {
    return this.#connection.kind === 'up';
  }

  /** It was asked to stop, and takes its files away when it has. */
  get isLeaving(): boolean {
    return this.#leaving !== null;
  }

  /** It has not answered a request in time, nor any since. */
  get isDoubtful(): boolean {
    return this.#connection.kind === 'up' && this.#connection.link.isDoubtful;
  }

  get identity(): ProcessIdentity | null {
    return this.#connection.kind === 'up' ? this.#connection.identity : null;
  }

  /** The last word of the cluster process, also after its end. */
  get snapshot(): ClusterSnapshot | null {
    return this.#snapshot;
  }

  /** As last told by an event or a snapshot. */
  get state(): AppState {
    return this.#state;
  }

  /** Under way, after the cluster process was lost; requests wait for it. */
  get revival(): Promise<void> | null {
    return this.#revival;
  }

  /** Resolves when no revival is under way, or after `timeout`. */
  async revived(timeout: Milliseconds): Promise<void> {
    if (this.#revival === null) return;
    const enough = new AbortController();
    await Promise.race([this.#revival, pauseUnless(enough.signal, this.#ports.clock, timeout)]);
    enough.abort();
  }

  /** Starts the cluster process. Throws SPAWN_FAILED or CLUSTER_START_FAILED; then nothing is left of it. */
  async launch(boot: ClusterBoot, sockets: readonly BoundSocket[]): Promise<void> {
    if (this.isUp) throw new Error(`Internal error: ${this.app} has a cluster process already`);
    const identity = this.#ports.spawn(boot, sockets);
    this.#lastEvent = 0;
    try {
      if (identity === null) throw new Error('it ended at once');
      const socket = await awaitSocket(this.layout.socket, identity, this.#ports, CLUSTER_BOOT_TIMEOUT);
      await this.#take(socket, identity, CLUSTER_BOOT_TIMEOUT, 0);
    } catch (error) {
      if (identity !== null) await endProcess(identity, this.#ports);
      throw startFailed(this.app, error);
    }
  }

  /**
   * Connects to a cluster process that runs already; `known`: the one that does, as far as is known. Throws where there is
   * none, or it does not answer in time.
   */
  async adopt(known: ProcessIdentity | null): Promise<void> {
    const socket = await reachSocket(this.layout.socket, known, this.#ports);
    await this.#take(socket, null, QUICK, this.#lastEvent);
  }

  /**
   * For what does not wait in the app's lane, as a revival does, for which this waits. Throws what the cluster process
   * answers, APP_STOPPED, CLUSTER_LOST or TIMED_OUT.
   */
  async request<T extends ClusterRequestType>(
    type: T,
    params: ClusterParams<T>,
    timeout: Milliseconds,
  ): Promise<ClusterResult<T>> {
    if (!this.isUp) await this.revived(timeout);
    return await this.ask(type, params, timeout);
  }

  /** As request, of the cluster process that there is now: for tasks of the lane, which come before the next revival or after it. */
  async ask<T extends ClusterRequestType>(
    type: T,
    params: ClusterParams<T>,
    timeout: Milliseconds,
  ): Promise<ClusterResult<T>> {
    if (this.#connection.kind === 'down') throw this.#revival === null ? notRunning(this.app) : notBack(this);
    return await this.#connection.link.request(type, params, timeout);
  }

  /** Asks for a fresh snapshot: after an operation, the cluster process says what it is now. */
  async refresh(): Promise<ClusterSnapshot> {
    if (this.#connection.kind === 'down') throw notRunning(this.app);
    const snapshot = await this.#connection.link.hello(this.#evenkeel, Number.MAX_SAFE_INTEGER, QUICK);
    this.#learn(snapshot);
    return snapshot;
  }

  /** After an operation, which a stop may have overtaken: then nothing is left to be learnt. */
  async relearn(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      if (this.isUp && this.#leaving === null) throw error;
    }
  }

  /** A connection of its own, for whoever follows the logs. */
  async open(handlers: LinkHandlers): Promise<{ readonly link: LinkClient; readonly snapshot: ClusterSnapshot }> {
    const socket = await reachSocket(this.layout.socket, this.identity, this.#ports);
    const link = new LinkClient(this.app, socket, this.#ports.clock, handlers);
    try {
      const snapshot = await link.hello(this.#evenkeel, Number.MAX_SAFE_INTEGER, QUICK);
      return { link, snapshot };
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** Resolves when the cluster process has these sockets. Throws TIMED_OUT. */
  async passSockets(sockets: readonly BoundSocket[]): Promise<void> {
    if (sockets.length === 0) return;
    let cause: unknown = null;
    await this.#ports.offerSockets(this.layout.socket, sockets).catch((error) => {
      cause = error;
    });
    // They may be on their way still.
    const { clock } = this.#ports;
    for (const until = clock.now() + QUICK; cause === null && clock.now() < until; await pause(clock, PAUSE)) {
      const { held } = await this.refresh();
      if (sockets.every(({ address }) => held.includes(address))) return;
    }
    const message = `${this.app}: its cluster process did not take ${sockets.map(({ address }) => address).join(', ')}`;
    throw new EvenkeelError('TIMED_OUT', message, { cause });
  }

  /** Stops the workers, then waits for the end of the process and makes sure of it. Throws as request. */
  async stop(timeout: Milliseconds | null, deadline: Milliseconds): Promise<ClusterResult<'stop'>> {
    if (this.#connection.kind === 'down') throw notRunning(this.app);
    const { link, identity } = this.#connection;
    this.#leaving = this.#connection;
    const answer = link.request('stop', { timeout }, deadline);
    this.#stops.add(answer);
    try {
      const result = await answer;
      await Promise.allSettled(this.#stops);
      this.detach();
      if (!(await this.#ports.waitForExit(identity, QUICK))) await endProcess(identity, this.#ports);
      this.#state = 'stopped';
      if (this.#snapshot !== null) this.#snapshot = { ...this.#snapshot, started: false };
      this.#listener.onProcess(this.app, null);
      return result;
    } finally {
      this.#stops.delete(answer);
      this.#leaving = null;
    }
  }

  /** Lets go of the cluster process, which runs on. */
  detach(): void {
    if (this.#connection.kind === 'down') return;
    const { link } = this.#connection;
    this.#connection = { kind: 'down' };
    link.close();
  }

  /** Ends a cluster process that hangs; its workers serve on. The loss is told as any other. */
  kill(): void {
    if (this.#connection.kind === 'up') this.#ports.kill(this.#connection.identity);
  }

  /** As kill, but nobody is told. Resolves when the process is gone. */
  async abandon(): Promise<void> {
    const { identity } = this;
    this.detach();
    if (identity !== null) await endProcess(identity, this.#ports);
  }

  /** Requests wait while `task` brings the cluster process back. Settles as that does. */
  revive(task: () => Promise<void>): Promise<void> {
    if (this.#revival !== null) throw new Error(`Internal error: ${this.app} is being brought back already`);
    const revived = task().finally(() => {
      this.#revival = null;
    });
    this.#revival = revived.catch(() => {});
    return revived;
  }

  /** Makes the connection the one of the app. `identity` null: find out whom it belongs to. */
  async #take(socket: Socket, identity: ProcessIdentity | null, timeout: Milliseconds, since: number): Promise<void> {
    const link: LinkClient = new LinkClient(this.app, socket, this.#ports.clock, {
      onNews: (news) => this.#hear(news),
      onClose: () => this.#lose(link),
    });
    try {
      const snapshot = await link.hello(this.#evenkeel, since, timeout);
      const owner = identity ?? this.#ports.identify(snapshot.pid);
      // The connection may have ended behind the answer, which nobody would be told any more.
      if (link.isClosed) throw clusterLost(this.app);
      if (owner === null) throw new EvenkeelError('CLUSTER_LOST', `${this.app}: its cluster process has just ended`);
      this.#connection = { kind: 'up', link, identity: owner };
      this.whyDown = null;
      this.#listener.onProcess(this.app, owner);
      this.#learn(snapshot);
      this.#listener.onMissed(this.app, snapshot.missed);
    } catch (error) {
      link.close();
      throw error;
    }
  }

  #learn(snapshot: ClusterSnapshot): void {
    this.#snapshot = snapshot;
    this.#state = snapshot.status.state;
    this.#lastEvent = Math.max(this.#lastEvent, snapshot.lastEvent);
    this.#listener.onSnapshot(this.app, snapshot);
  }

  #hear(news: LinkNews): void {
    if (news.type !== 'event') return;
    this.#lastEvent = news.seq;
    if (news.event.type === 'app-state') this.#state = news.event.state;
    this.#listener.onEvent(this.app, news.event);
  }

  #lose(link: LinkClient): void {
    const lost = this.#connection;
    if (lost.kind === 'down' || lost.link !== link) return;
    this.#connection = { kind: 'down' };
    if (lost !== this.#leaving) this.#listener.onLost(this.app, lost.identity);
  }
}
