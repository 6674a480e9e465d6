// A worker that a predecessor of this cluster process left when it was killed. It serves on; its agent connects to
// agents.sock, and is told to drain when ours are ready. (cluster process)

import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerKey } from '../core/cluster-model.ts';
import type { Milliseconds } from '../core/spec.ts';
import { killIdentity, type ProcessIdentity, waitForExit } from '../platform/process-identity.ts';
import type { AgentMetrics } from '../protocol/agent-link.ts';
import type { KnownWorker } from './cluster-store.ts';
import { type DrainReport, LAST_WORD, type LiveWorker, NOTHING_DRAINED } from './live-worker.ts';
import type { WorkerLink } from './worker-link.ts';
import type { ProcessEnd } from './worker-process.ts';

/** An agent without cluster process tries to connect at least once a second; one that has not by then never will. */
const CONNECT_GRACE: Milliseconds = 3_000;
const WAIT_STEP: Milliseconds = 60_000;

export interface OrphanPorts {
  onQuiet(): void;
  onDrained(): void;
}

export class OrphanWorker implements LiveWorker {
  readonly key: WorkerKey;
  readonly slot: number;
  readonly generation: number;
  readonly identity: ProcessIdentity;
  readonly startedAt: number;
  /** Nobody learns how an orphan ended. */
  readonly stopSignal = 'SIGTERM';
  readonly ended: Promise<ProcessEnd>;
  readonly gone: Promise<void>;
  drained: DrainReport = NOTHING_DRAINED;
  #link: WorkerLink | null = null;
  #drainAt: { readonly deadline: number; readonly patience: Milliseconds } | null = null;
  readonly #ports: OrphanPorts;

  constructor(known: KnownWorker, ports: OrphanPorts) {
    this.key = known.key;
    this.slot = known.slot;
    this.generation = known.generation;
    this.identity = known.identity;
    this.startedAt = known.startedAt;
    this.#ports = ports;
    this.ended = this.#whenEnded();
    this.gone = this.ended.then(() => {});
  }

  /** Its agent has connected. */
  connect(link: WorkerLink): void {
    this.#link = link;
    link.on((message) => {
      if (message.type !== 'draining' && message.type !== 'drained') return;
      this.drained = { finished: message.finished, inUse: message.type === 'draining' ? message.inFlight : 0 };
      this.#ports.onQuiet();
      if (message.type === 'drained') this.#ports.onDrained();
    });
    this.#tellDrain();
  }

  /** Its gate is open, or it will never be opened. */
  openGate(): void {}

  drain(timeout: Milliseconds, patience: Milliseconds): void {
    this.#drainAt = { deadline: Date.now() + timeout, patience };
    if (this.#link !== null) return this.#tellDrain();
    // A program without agent, or one whose agent cannot reach us: the signal is all there is.
    setTimeout(() => {
      if (this.#link === null) this.signal('SIGTERM');
    }, CONNECT_GRACE).unref();
  }

  async kill(): Promise<void> {
    this.#link?.send({ type: 'report' });
    await sleep(LAST_WORD);
    killIdentity(this.identity, 'SIGKILL', { group: true });
  }

  metrics(timeout: Milliseconds): Promise<AgentMetrics | null> {
    return this.#link?.metrics(timeout) ?? Promise.resolve(null);
  }

  /** Its channel went with the process that forked it. */
  send(): boolean {
    return false;
  }

  signal(signal: NodeJS.Signals): boolean {
    return killIdentity(this.identity, signal);
  }

  watchHealth(): void {}

  release(): void {}

  #tellDrain(): void {
    if (this.#drainAt === null) return;
    const { deadline, patience } = this.#drainAt;
    this.#link?.send({ type: 'drain', timeout: Math.max(0, deadline - Date.now()), patience });
  }

  async #whenEnded(): Promise<ProcessEnd> {
    while (!(await waitForExit(this.identity, WAIT_STEP))) {
      // It serves as long as it is needed.
    }
    this.#link?.close();
    return { code: null, signal: null, error: null };
  }
}
