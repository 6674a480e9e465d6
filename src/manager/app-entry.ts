// Manager: what it keeps of one app: the handle of its cluster process, its heartbeat, how often it was lost in a row.

import type { Milliseconds } from '../core/spec.ts';
import type { Clock } from '../platform/clock.ts';
import type { ClusterHandle } from './cluster-handle.ts';
import { Heartbeat } from './heartbeat.ts';

/** A cluster process that stayed this long was not lost "again". */
const SOUND_AFTER: Milliseconds = 60_000;

export class AppEntry {
  readonly handle: ClusterHandle;
  readonly heartbeat: Heartbeat;
  readonly #clock: Clock;
  #losses = 0;
  #upSince = 0;

  constructor(handle: ClusterHandle, clock: Clock) {
    this.handle = handle;
    this.heartbeat = new Heartbeat(handle, clock);
    this.#clock = clock;
  }

  /** The cluster process runs, or is being brought back. */
  get isPresent(): boolean {
    return this.handle.isUp || this.handle.revival !== null;
  }

  get losses(): number {
    return this.#losses;
  }

  noteProcess(): void {
    this.#upSince = this.#clock.now();
  }

  noteLoss(): void {
    this.#losses = this.#clock.now() - this.#upSince > SOUND_AFTER ? 1 : this.#losses + 1;
  }
}
