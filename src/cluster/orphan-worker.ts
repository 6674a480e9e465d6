// A worker that a predecessor of this cluster process left when it was killed. It serves on; its agent connects to
// agents.sock, and is told to drain when ours are ready. (cluster process)

import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerKey } from '../core/cluster-model.ts';
import { deferred } from '../core/deferred.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { KnownWorker } from '../platform/cluster-record.ts';
import { isAlive, killIdentity, type ProcessIdentity, waitForExit } from '../platform/process-identity.ts';
import { type AgentMetrics, DRAIN_SIGNAL } from '../protocol/agent-link.ts';
import { type DrainReport, LAST_WORD, type LiveWorker, NOT_COUNTED, NOTHING_DRAINED } from './live-worker.ts';
import type { WorkerLink } from './worker-link.ts';
import type { ProcessEnd } from './worker-process.ts';

export interface OrphanWorkerPorts {
  onQuiet(): void;
  onDrained(): void;
  /** Resolves when an agent that can reach us has. */
  connected(): Promise<void>;
  /** That of its generation, as far as known. */
  stopSignal(): string;
  /** Whether it still is what we took it for: nothing else gets a signal. */
  isWorker(): boolean;
}

const WAIT_STEP: Milliseconds = 60_000;

export class OrphanWorker implements LiveWorker {
  readonly key: WorkerKey;
  readonly slot: number;
  readonly generation: number;
  readonly identity: ProcessIdentity;
  readonly hasAgent: boolean;
  readonly startedAt: number;
  readonly ended: Promise<ProcessEnd>;
  readonly gone: Promise<void>;
  drained: DrainReport;
  /** Texts of the declared sockets that it could pass on, as its agent has said. */
  sockets: readonly string[] = [];
  #link: WorkerLink | null = null;
  #drainAt: { readonly deadline: number } | null = null;
  readonly #ports: OrphanWorkerPorts;
  readonly #disowned = deferred<void>();

  constructor(known: KnownWorker, ports: OrphanWorkerPorts) {
    this.key = known.key;
    this.slot = known.slot;
    this.generation = known.generation;
    this.identity = known.identity;
    this.hasAgent = known.hasAgent;
    this.drained = known.hasAgent ? NOTHING_DRAINED : NOT_COUNTED;
    this.startedAt = known.startedAt;
    this.#ports = ports;
    this.ended = this.#whenEnded();
    this.gone = this.ended.then(() => {});
  }

  get stopSignal(): string {
    return this.#ports.stopSignal();
  }

  /** Its agent has connected. */
  connect(link: WorkerLink, sockets: readonly string[]): void {
    this.#link = link;
    this.sockets = sockets;
    link.on((message) => {
      if (message.type !== 'draining' && message.type !== 'drained') return;
      this.drained = { finished: message.finished, inUse: message.type === 'draining' ? message.inFlight : 0 };
      this.#ports.onQuiet();
      if (message.type === 'drained') this.#ports.onDrained();
    });
    this.#tellDrain();
  }

  /** Has its agent offer these sockets on a connection of their own. False: it cannot be told. */
  askForSockets(addresses: readonly string[]): boolean {
    return this.#link?.send({ type: 'offer-sockets', addresses }) === true;
  }

  /** Its gate is open, or it will never be opened. */
  openGate(): void {}

  drain(timeout: Milliseconds): void {
    this.#drainAt = { deadline: performance.now() + timeout };
    if (this.#link !== null) return this.#tellDrain();
    if (!this.hasAgent) return void this.signal(this.stopSignal);
    void this.#ports.connected().then(() => {
      if (this.#link === null) this.signal(DRAIN_SIGNAL);
    });
  }

  async kill(): Promise<void> {
    this.#link?.send({ type: 'report' });
    await sleep(LAST_WORD);
    this.#signal('SIGKILL', { group: true });
  }

  metrics(timeout: Milliseconds): Promise<AgentMetrics | null> {
    return this.#link?.metrics(timeout) ?? Promise.resolve(null);
  }

  /** Its channel went with the process that forked it. */
  async send(): Promise<string> {
    return 'it lost its channel with the cluster process that started it';
  }

  signal(signal: string): boolean {
    return this.#signal(signal);
  }

  watchHealth(): void {}

  release(): void {}

  #tellDrain(): void {
    if (this.#drainAt === null) return;
    const { deadline } = this.#drainAt;
    this.#link?.send({ type: 'drain', timeout: Math.max(0, deadline - performance.now()) });
  }

  #signal(signal: string, options: { readonly group?: boolean } = {}): boolean {
    if (!isAlive(this.identity) || this.#ports.isWorker()) return killIdentity(this.identity, signal, options);
    this.#disowned.resolve();
    return false;
  }

  async #whenEnded(): Promise<ProcessEnd> {
    const disowned = this.#disowned.promise.then(() => true);
    while (!(await Promise.race([disowned, waitForExit(this.identity, WAIT_STEP)]))) {
      // It serves as long as it is needed.
    }
    this.#link?.close();
    return { code: null, signal: null, error: null };
  }
}
