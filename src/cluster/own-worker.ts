// A worker that this process started: its process, its agent, what makes it ready and keeps it well. (cluster process)

import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerKey } from '../core/cluster-model.ts';
import type { AppSpec, Milliseconds } from '../core/spec.ts';
import type { AppLogs } from '../logs/app-logs.ts';
import type { AgentMessage, AgentMetrics } from '../protocol/agent-link.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import { endGroup } from './end-group.ts';
import { HealthWatch } from './health.ts';
import { withoutOne } from './late-addresses.ts';
import { type DrainReport, LAST_WORD, type LiveWorker, NOT_COUNTED, NOTHING_DRAINED } from './live-worker.ts';
import { asksReplacement, Readiness } from './readiness.ts';
import { type LaunchContext, planLaunch } from './worker-launch.ts';
import { WorkerLink } from './worker-link.ts';
import { type ProcessEnd, startWorkerProcess, type WorkerProcess } from './worker-process.ts';

export interface OwnWorkerPorts {
  readonly logs: AppLogs;
  readonly launch: Omit<LaunchContext, 'slot' | 'gate'>;
  /** Whether it may listen as soon as it can. */
  readonly gate: 'open' | 'shut';
  /** Undeclared addresses on which the worker listens that it replaces. */
  readonly before: readonly string[];
  /** The spec as it is now, with live keys. */
  currentSpec(): AppSpec;
  onAtGate(): void;
  onReady(): void;
  /** It is ready, but not on these. */
  onMissing(addresses: readonly string[]): void;
  onQuiet(): void;
  onDrained(): void;
  onUnhealthy(reason: string, sickFor: Milliseconds): void;
  onAsksReplacement(reason: string): void;
  /** It cannot be given what it needs. */
  onFault(reason: string): void;
  /** An exception was not caught (restart.onUncaught: replace). */
  onCrashed(reason: string): void;
}

/** Pipes may be held open by what a worker left behind: its last lines are not waited for longer. */
const LAST_LINES: Milliseconds = 250;

export class OwnWorker implements LiveWorker {
  readonly key: WorkerKey;
  readonly slot: number;
  readonly generation: number;
  readonly startedAt: number;
  readonly stopSignal: string;
  readonly ended: Promise<ProcessEnd>;
  readonly gone: Promise<void>;
  drained: DrainReport;
  listensOn: readonly string[] = [];
  readonly #process: WorkerProcess;
  readonly #link: WorkerLink | null;
  readonly #ports: OwnWorkerPorts;
  readonly #listen: AppSpec['listen'];
  readonly #watches = new AbortController();
  readonly #readiness: Readiness;
  #lastWord: (() => void) | null = null;
  #isReady = false;
  #health: HealthWatch | null = null;

  /** Throws where the worker cannot even be described: unknown user, missing socket. */
  constructor(key: WorkerKey, slot: number, pinned: PinnedSpec, startedAt: number, ports: OwnWorkerPorts) {
    this.key = key;
    this.slot = slot;
    this.generation = pinned.generation;
    this.startedAt = startedAt;
    this.#ports = ports;
    this.stopSignal = pinned.spec.stop.signal;
    this.#listen = pinned.spec.listen;
    this.drained = pinned.spec.command === null ? NOTHING_DRAINED : NOT_COUNTED;
    this.#process = startWorkerProcess(planLaunch(pinned, { ...ports.launch, slot, gate: ports.gate }));
    this.#link = this.#process.link === null ? null : new WorkerLink(this.#process.link);
    const attached = ports.logs.attach({ key, slot, stdout: this.#process.stdout, stderr: this.#process.stderr });
    this.ended = this.#whenEnded(attached.ended);
    this.gone = this.ended.then(() => endGroup((signal) => this.#process.signalGroup(signal)));
    this.#link?.on((message) => this.#hear(message));
    this.#process.onMessage((message) => {
      if (asksReplacement(message)) ports.onAsksReplacement('it asked for its replacement');
    });
    this.#process.onFault((reason) => ports.onFault(`could not be given what it asked for: ${reason}`));
    this.#readiness = this.#watchReadiness(pinned.spec);
  }

  get identity() {
    return this.#process.identity;
  }

  get hasAgent(): boolean {
    return this.#link !== null;
  }

  get awaited(): string {
    return this.#readiness.awaited;
  }

  openGate(): void {
    this.#readiness.openGate();
  }

  drain(timeout: Milliseconds): void {
    this.release();
    // Without an agent, or with one that cannot be reached (the app has closed its descriptors), the signal is all there is.
    if (this.#link?.send({ type: 'drain', timeout }) !== true) this.#process.signal(this.stopSignal);
  }

  async kill(): Promise<void> {
    if (this.#link !== null) {
      const heard = new Promise<void>((resolve) => {
        this.#lastWord = resolve;
      });
      this.#link.send({ type: 'report' });
      await Promise.race([heard, sleep(LAST_WORD)]);
    }
    this.#process.signalGroup('SIGKILL');
  }

  metrics(timeout: Milliseconds): Promise<AgentMetrics | null> {
    return this.#link?.metrics(timeout) ?? Promise.resolve(null);
  }

  send(message: unknown): Promise<string | null> {
    return this.#process.send(message);
  }

  signal(signal: string): boolean {
    return this.#process.signal(signal);
  }

  release(): void {
    this.#watches.abort();
  }

  watchHealth(): void {
    if (!this.#isReady || this.#watches.signal.aborted) return;
    if (this.#health !== null && !this.#health.isOver) return this.#health.refresh();
    const { currentSpec, onUnhealthy } = this.#ports;
    const worker = { link: this.#link, pid: this.identity?.pid ?? null, listen: this.#listen };
    const ports = { settings: () => currentSpec().health, ...worker, onUnhealthy };
    this.#health = new HealthWatch(ports, this.#watches.signal);
  }

  #watchReadiness(spec: AppSpec): Readiness {
    const { gate, logs, launch, before, onAtGate, onMissing } = this.#ports;
    const watchLine = (pattern: RegExp, onMatch: () => void) => logs.watchLine(this.key, pattern, onMatch);
    const onReady = (): void => {
      this.#isReady = true;
      this.#ports.onReady();
    };
    const sources = { process: this.#process, link: this.#link, watchLine, socketFd: launch.socketFd };
    const ports = { ...sources, before, onAtGate, onReady, onMissing };
    return new Readiness(spec, gate, ports, this.#watches.signal);
  }

  #hear(message: AgentMessage): void {
    switch (message.type) {
      case 'draining':
        this.drained = { finished: message.finished, inUse: message.inFlight };
        this.#lastWord?.();
        return this.#ports.onQuiet();
      case 'drained':
        this.drained = { finished: message.finished, inUse: 0 };
        return this.#ports.onDrained();
      case 'replace-me':
        return this.#ports.onAsksReplacement(message.reason);
      case 'uncaught':
        // It was printed before it was announced, and is read in this turn of the event loop: it belongs into the report.
        return void setImmediate(() => this.#ports.onCrashed(`had an uncaught exception: ${message.reason}`));
      case 'listening':
        if (message.named && message.declared === null) this.listensOn = [...this.listensOn, message.address];
        return;
      case 'closed':
        this.listensOn = withoutOne(this.listensOn, message.address);
        return;
      case 'ready-for':
      case 'ready':
      case 'hello':
      case 'held':
      case 'refused':
      case 'probed':
      case 'metrics':
      case 'offer-sockets':
    }
  }

  async #whenEnded(logsEnded: Promise<void>): Promise<ProcessEnd> {
    const end = await this.#process.ended;
    this.release();
    await Promise.race([logsEnded, sleep(LAST_LINES)]);
    this.#link?.close();
    return end;
  }
}
