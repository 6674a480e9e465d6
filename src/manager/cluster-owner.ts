// Manager: the one place where the cluster process of an app is started, let go of or ended. Everybody else asks for what is
// to be there, or not to be, and otherwise only talks to it (ClusterContact).
//
//   start     never beside one that answers, and never when the manager goes: that leaves everything as it is
//   end       only the very process that was asked and did not answer, or that holds what its successor needs

import type { Milliseconds } from '../core/spec.ts';
import { fileStatus } from '../platform/file-status.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';
import { Superseded } from './app-lane.ts';
import { isLoss, servesOn } from './cluster-faults.ts';
import type { ClusterHandle } from './cluster-handle.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { endProcess } from './end-process.ts';

export interface OwnerMeans {
  readonly ports: ClusterPorts;
  /** Aborted when the manager lets go of every cluster process. */
  readonly closed: AbortSignal;
  /** The last cluster process that is known of; null: it has ended, or there never was one. */
  recorded(): ProcessIdentity | null;
  /** What the next one is started with: the sockets that are held for it. */
  prepare(): { readonly boot: ClusterBoot; readonly sockets: readonly BoundSocket[] };
  onStarted(): void;
}

export interface TakenDown {
  /** Workers that did not end by themselves. */
  readonly killed: number;
}

/** For a process whose connection has ended to end itself; one that was killed is gone by then. */
const EXIT_TIMEOUT: Milliseconds = 500;

/** What anybody may do with a cluster process. To start it and to end it is for its owner. */
export type ClusterContact = Omit<
  ClusterHandle,
  'launch' | 'adopt' | 'stop' | 'detach' | 'kill' | 'abandon' | 'revive'
>;

export class ClusterOwner {
  readonly #handle: ClusterHandle;
  readonly #means: OwnerMeans;
  #starting: Promise<void> | null = null;

  constructor(handle: ClusterHandle, means: OwnerMeans) {
    this.#handle = handle;
    this.#means = means;
  }

  /** What became of the last one that is known of. */
  get last(): 'alive' | 'dead' | 'unknown' {
    const last = this.#means.recorded();
    if (last === null) return 'unknown';
    return this.#means.ports.isAlive(last) ? 'alive' : 'dead';
  }

  /** A cluster process that does not run any more did not end by itself: perhaps its workers serve. */
  get hasLeftWorkers(): boolean {
    return fileStatus(this.#handle.layout.agentsSocket)?.isSocket() === true;
  }

  /** Takes over one that an earlier manager started; `known`: which, as far as is known. Throws where none answers. */
  async adopt(known: ProcessIdentity | null): Promise<void> {
    if (!this.#handle.isUp) await this.#handle.adopt(known);
  }

  /**
   * From now on there is one that answers: the one that there is, or a new one. Throws SPAWN_FAILED, CLUSTER_START_FAILED, or
   * Superseded where the manager goes.
   */
  async ensure(): Promise<void> {
    if (this.#handle.isUp) return;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null;
    });
    await this.#starting;
  }

  /** Ends the one that there is; its workers serve on, and nobody is told. */
  async abandon(): Promise<void> {
    await this.#handle.abandon();
  }

  /** Ends one that hangs. The loss is told as any other. */
  kill(): void {
    this.#handle.kill();
  }

  /** Its workers drain, then it ends. Where it is lost before or in the midst of that, a successor stops what it left. */
  async stop(timeout: Milliseconds | null, deadline: Milliseconds): Promise<TakenDown> {
    if (!this.#handle.isUp && !this.hasLeftWorkers && this.#means.recorded() === null) return { killed: 0 };
    await this.ensure().catch((error) => {
      throw this.hasLeftWorkers ? servesOn(this.#handle.app, error) : error;
    });
    const asked = this.#handle.identity;
    try {
      return await this.#handle.stop(timeout, deadline);
    } catch (error) {
      // A manager that goes has let go of it, and it stops its workers all the same.
      if (!isLoss(error) || this.#means.closed.aborted) throw error;
      await this.#giveUp(asked);
      await this.ensure();
      return await this.#handle.stop(timeout, deadline);
    }
  }

  /** As stop, beside what goes on with it, which must not wait for an answer that does not come. null: there is none. */
  async hasten(timeout: Milliseconds | null, deadline: Milliseconds): Promise<TakenDown | null> {
    const asked = this.#handle.identity;
    if (asked === null) return null;
    try {
      return await this.#handle.stop(timeout, deadline);
    } catch (error) {
      if (isLoss(error)) await this.#giveUp(asked);
      return { killed: 0 };
    }
  }

  /**
   * After a loss. True: one answers, the lost one again or another that was started meanwhile. False: the lost one has ended,
   * unless `signal` was aborted before. `ifAlive`: perhaps only the connection broke; or that has been tried already.
   */
  async regain(lost: ProcessIdentity, ifAlive: 'reconnect' | 'end', signal: AbortSignal): Promise<boolean> {
    if (this.#handle.isUp) return true;
    if (await this.#means.ports.waitForExit(lost, EXIT_TIMEOUT)) return false;
    if (ifAlive === 'reconnect' && !signal.aborted && (await this.#reconnects(lost))) return true;
    if (!signal.aborted) await endProcess(lost, this.#means.ports);
    return false;
  }

  /** Requests wait while `task` brings it back. Settles as that does. */
  reviving(task: () => Promise<void>): Promise<void> {
    return this.#handle.revive(task);
  }

  /** Why it is not there; until it is. */
  noteFailure(reason: string): void {
    this.#handle.whyDown = reason;
  }

  /** Lets go of it; it runs on. */
  detach(): void {
    this.#handle.detach();
  }

  async #start(): Promise<void> {
    this.#requireOpen();
    const last = this.#means.recorded();
    // It would hold the socket of its successor, and yet could not be asked.
    if (last !== null && this.#means.ports.isAlive(last)) await endProcess(last, this.#means.ports);
    this.#requireOpen();
    const { boot, sockets } = this.#means.prepare();
    await this.#handle.launch(boot, sockets);
    this.#means.onStarted();
    if (this.#means.closed.aborted) this.#handle.detach();
  }

  /** The manager that comes next must find what this one has left. */
  #requireOpen(): void {
    if (this.#means.closed.aborted) throw new Superseded(this.#handle.app);
  }

  async #reconnects(lost: ProcessIdentity): Promise<boolean> {
    try {
      await this.#handle.adopt(lost);
      if (this.#means.closed.aborted) this.#handle.detach();
      return true;
    } catch {
      return false;
    }
  }

  /** Unless there is another one by now. */
  async #giveUp(asked: ProcessIdentity | null): Promise<void> {
    if (asked !== null && this.#handle.identity === asked) await this.#handle.abandon();
  }
}
