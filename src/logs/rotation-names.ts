// Names for the rotated files of one stream that always sort behind all earlier ones, also over restarts of the
// process and when the system's clock is set back.

import { listRotated, rotatedPath } from './rotated-files.ts';

export class RotationNames {
  readonly #live: string;
  readonly #now: () => number;
  #loaded: boolean = false;
  #newest = 0;
  #complete = 0;

  constructor(live: string, now: () => number) {
    this.#live = live;
    this.#now = now;
  }

  /** Learns the names of earlier runs. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    const existing = await listRotated(this.#live).catch(() => []);
    this.#newest = existing.at(-1)?.time ?? 0;
    this.#complete = this.#newest;
  }

  /** An absolute path. */
  next(): string {
    this.#newest = Math.max(this.#now(), this.#newest + 1);
    return rotatedPath(this.#live, this.#newest);
  }

  /** The file of the last name is all there. */
  completed(): void {
    this.#complete = this.#newest;
  }

  /** Files up to this time are complete; a later one may be just coming into being. */
  get complete(): number {
    return this.#complete;
  }
}
