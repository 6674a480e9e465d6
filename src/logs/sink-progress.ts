// How far a sink has come in the stream of bytes that it was given, and who waits for that. Pure.

export class SinkProgress {
  #taken = 0;
  #settled = 0;
  /** The place in the stream at which the live file begins; negative for a file that was there before. */
  #fileStart = 0;
  #waiting: { readonly until: number; readonly resolve: () => void }[] = [];

  /** Bytes taken since the sink was made. */
  get taken(): number {
    return this.#taken;
  }

  take(bytes: number): void {
    this.#taken += bytes;
  }

  /** `queued`: bytes taken and not yet written. `fileSize`: null while no file is open. */
  settle(queued: number, fileSize: number | null): void {
    this.#settled = this.#taken - queued;
    if (fileSize !== null) this.#fileStart = this.#settled - fileSize;
    this.#release((until) => until <= this.#settled);
  }

  /** Nobody shall wait any longer, for it may take hours. */
  releaseAll(): void {
    this.#release(() => true);
  }

  /** Resolves when all that is taken by now is settled. */
  reached(): Promise<void> {
    if (this.#settled >= this.#taken) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ until: this.#taken, resolve }));
  }

  /** The size of the live file with everything up to `position` in it; 0 for what is in rotated files. */
  sizeAt(position: number): number {
    return Math.max(position - this.#fileStart, 0);
  }

  #release(isDue: (until: number) => boolean): void {
    const due = this.#waiting.filter(({ until }) => isDue(until));
    this.#waiting = this.#waiting.filter(({ until }) => !isDue(until));
    for (const { resolve } of due) resolve();
  }
}
