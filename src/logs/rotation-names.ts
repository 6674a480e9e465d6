// Names for the rotated files of one stream that always sort behind all earlier ones, also over restarts of the
// process and when the system's clock is set back.

import { listRotated, rotatedPath } from './rotated-files.ts';

export class RotationNames {
  readonly #live: string;
  readonly #now: () => number;
  #newest: number;
  #complete: number;

  private constructor(live: string, now: () => number, newest: number) {
    this.#live = live;
    this.#now = now;
    this.#newest = newest;
    this.#complete = newest;
  }

  static async load(live: string, now: () => number): Promise<RotationNames> {
    const existing = await listRotated(live).catch(() => []);
    return new RotationNames(live, now, existing.at(-1)?.time ?? 0);
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
