// Drains the worker: stops accepting, lets what is under way finish, tells the app, exits. The decisions are in
// drain-plan.ts; this carries them out. (worker)

import type { AgentMessage } from '../protocol/agent-link.ts';
import type { AppListeners } from './app-listeners.ts';
import { type Connection, type Connections, inUse, protocolOf } from './connections.ts';
import {
  type DrainAction,
  type DrainState,
  type DrainTimes,
  type Leftover,
  lastCall,
  lastIdle,
  planDrain,
} from './drain-plan.ts';
import { closeAfterResponses, closeIdle, whenToClose } from './http1.ts';
import type { Http2Sessions } from './http2.ts';
import { whenPrimaryKnows } from './ipc-barrier.ts';
import type { Resources } from './resources.ts';
import type { Servers } from './servers.ts';

/** Least time between two reports. */
const REPORT_INTERVAL = 250;
/** Between two looks at what is left. */
const LOOK_INTERVAL = 10;
const MAX_DELAY = 2 ** 31 - 1;

export interface DrainPorts {
  readonly servers: Servers;
  readonly connections: Connections;
  readonly http2: Http2Sessions;
  readonly app: AppListeners;
  readonly resources: Resources;
  send(message: AgentMessage): void;
  /** Ends the process. */
  exit(): void;
}

export class Drain {
  readonly #ports: DrainPorts;
  /** null: not draining. */
  #times: DrainTimes | null = null;
  #state: DrainState = { kind: 'draining' };
  #finishedBefore = 0;
  /** 1 while node:cluster may have connections for us on their way. */
  #onTheirWay = 0;
  #wakeUp: NodeJS.Timeout | null = null;
  #nextLook: NodeJS.Timeout | null = null;
  #nextReport: NodeJS.Timeout | null = null;

  constructor(ports: DrainPorts) {
    this.#ports = ports;
  }

  /** `timeout`: ms until SIGKILL. Asked again, it only brings the deadline nearer. */
  begin(timeout: number): void {
    const now = performance.now();
    const deadline = now + Math.max(0, timeout);
    if (this.#times !== null) {
      this.#times = { ...this.#times, deadline: Math.min(this.#times.deadline, deadline) };
      return this.#look();
    }
    this.#times = { start: now, deadline };
    const { servers, connections, http2, resources } = this.#ports;
    this.#finishedBefore = connections.finished;
    const isSentConnections = servers.stop();
    closeAfterResponses(connections);
    http2.drain();
    connections.onFinished = (connection) => {
      if (connection !== null) connection.idleSince = performance.now();
      this.#reportSoon();
    };
    connections.onClosed = () => this.#lookSoon();
    resources.onReleased = () => this.#lookSoon();
    resources.abandon();
    if (isSentConnections) {
      this.#onTheirWay = 1;
      whenPrimaryKnows(() => {
        this.#onTheirWay = 0;
        this.#lookSoon();
      });
    }
    process.once('exit', () => this.#onExit());
    this.report();
    this.#look();
  }

  /** Says at once how the drain stands; all zero where there is none. */
  report(): void {
    if (this.#times === null) return this.#ports.send({ type: 'draining', finished: 0, inFlight: 0, open: 0 });
    const { connections, http2 } = this.#ports;
    const all = connections.all();
    // What would be cut: a raw or upgraded connection counts as one that is in use.
    const inFlight = all.reduce((sum, one) => sum + inUse(one), http2.inFlight);
    this.#ports.send({ type: 'draining', finished: this.#finished(), inFlight, open: all.length });
  }

  /** For a cluster process that has just come: it says nothing where there is no drain. */
  reportAgain(): void {
    if (this.#times === null) return;
    this.report();
    if (this.#isDrained()) this.#do('report-drained');
  }

  #isDrained(): boolean {
    return this.#state.kind === 'over' || (this.#state.kind === 'told' && this.#state.isDrained);
  }

  #finished(): number {
    return this.#ports.connections.finished - this.#finishedBefore;
  }

  #reportSoon(): void {
    this.#nextReport ??= setTimeout(() => {
      this.#nextReport = null;
      this.report();
    }, REPORT_INTERVAL).unref();
  }

  /** A look goes over all connections, of which there may be thousands, and many may close at a time. */
  #lookSoon(): void {
    this.#reportSoon();
    this.#nextLook ??= setTimeout(() => {
      this.#nextLook = null;
      this.#lookNext();
    }, LOOK_INTERVAL);
  }

  /**
   * Timers run before sockets are read. Where the worker was busy, a connection that is due by now may have a request that
   * waits in the kernel, and would be reset with it; so that is read first.
   */
  #lookNext(): void {
    setImmediate(() => this.#look());
  }

  #look(): void {
    const times = this.#times;
    if (times === null) return;
    const now = performance.now();
    const all = this.#ports.connections.all();
    const closeAt = this.#closeIdleConnections(all, times, now);
    // Requests may need what the worker has; an app that is told to end will not.
    if (this.#leftover(all).draining === 0 || now >= lastCall(times)) this.#ports.resources.release();
    const step = planDrain(this.#state, this.#leftover(all), this.#ports.app.handlers(), times, now);
    this.#state = step.state;
    for (const action of step.actions) this.#do(action);
    this.#wakeAt(Math.min(step.wakeAt ?? Number.POSITIVE_INFINITY, closeAt), times, now);
  }

  #leftover(all: readonly Connection[]): Leftover {
    const other = all.filter((connection) => protocolOf(connection) === 'other').length;
    return { draining: all.length - other + this.#onTheirWay + this.#ports.resources.releasing, other };
  }

  /** Gives the time at which to look again: more may be idle by then. */
  #closeIdleConnections(all: readonly Connection[], times: DrainTimes, now: number): number {
    let next = now < lastIdle(times) ? lastIdle(times) : Number.POSITIVE_INFINITY;
    for (const connection of all) {
      if (connection.inFlight > 0 || protocolOf(connection) !== 'http1') continue;
      const at = whenToClose(connection, times.start, lastIdle(times));
      if (at <= now) closeIdle(connection);
      else next = Math.min(next, at);
    }
    return next;
  }

  #wakeAt(at: number, { deadline }: DrainTimes, now: number): void {
    if (this.#wakeUp !== null) clearTimeout(this.#wakeUp);
    this.#wakeUp = null;
    const isTold = this.#state.kind === 'told';
    if (this.#state.kind === 'over' || (isTold && at === Number.POSITIVE_INFINITY)) return;
    const delay = Math.max(1, Math.min(at, Math.max(deadline, now + REPORT_INTERVAL)) - now);
    this.#wakeUp = setTimeout(() => this.#lookNext(), Math.min(delay, MAX_DELAY));
    // Until the app is told, this is what keeps the process alive; from then on that is up to the app.
    if (isTold) this.#wakeUp.unref();
  }

  #do(action: DrainAction): void {
    switch (action) {
      case 'report-drained':
        return this.#ports.send({ type: 'drained', finished: this.#finished() });
      case 'send-message':
        return this.#ports.app.sendMessage();
      case 'send-signal':
        return this.#ports.app.sendSignal();
      case 'run-tasks':
        return void this.#ports.app.runTasks().then(() => this.#look());
      case 'exit':
        return this.#ports.exit();
    }
  }

  /** The app ended by itself: what is still open is cut now. What has closed since the last report is not. */
  #onExit(): void {
    if (!this.#isDrained() || this.#ports.connections.open > 0) this.report();
  }
}
