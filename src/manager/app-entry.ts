// Manager: what it keeps of one app: the handle of its cluster process and that one's owner, its lane, its heartbeat, how often it was lost in
// a row.

import type { Milliseconds } from '../core/spec.ts';
import type { Clock } from '../platform/clock.ts';
import { AppLane } from './app-lane.ts';
import type { ClusterHandle } from './cluster-handle.ts';
import type { ClusterOwner } from './cluster-owner.ts';
import { Heartbeat, type HeartbeatPorts } from './heartbeat.ts';

/** A cluster process that stayed this long was not lost "again". */
const SOUND_AFTER: Milliseconds = 60_000;

export class AppEntry {
  readonly handle: ClusterHandle;
  readonly owner: ClusterOwner;
  readonly lane: AppLane;
  readonly #heartbeat: Heartbeat;
  readonly #clock: Clock;
  #losses = 0;
  #upSince = 0;

  constructor(
    handle: ClusterHandle,
    owner: ClusterOwner,
    { clock, isStopped }: Pick<HeartbeatPorts, 'clock' | 'isStopped'>,
    complain: (problem: unknown) => void,
  ) {
    this.handle = handle;
    this.owner = owner;
    this.lane = new AppLane(handle.app);
    this.#heartbeat = new Heartbeat(handle, { clock, isStopped, complain, kill: () => owner.kill() });
    this.#clock = clock;
  }

  /** The cluster process runs, or is being brought back. */
  get isPresent(): boolean {
    return this.handle.isUp || this.handle.revival !== null;
  }

  get losses(): number {
    return this.#losses;
  }

  /** `runs`: there is a cluster process from now on; false: none. */
  noteProcess(runs: boolean): void {
    this.#upSince = this.#clock.now();
    if (runs) this.#heartbeat.watch();
    else this.#heartbeat.stop();
  }

  noteLoss(): void {
    this.#losses = this.#clock.now() - this.#upSince > SOUND_AFTER ? 1 : this.#losses + 1;
  }

  /** Lets go of the cluster process, which runs on. */
  close(): void {
    this.lane.close();
    this.#heartbeat.stop();
    this.owner.detach();
  }
}
