// Looks at intervals whether the files that a process needs to be found and asked are still there, and puts back those
// that somebody removed. What the process does meanwhile does not depend on them.

import type { Milliseconds } from '../core/spec.ts';
import type { Clock, Timer } from './clock.ts';

export interface KeptFile {
  /** For people. */
  readonly name: string;
  isThere(): boolean;
  /** What fails is tried again at the next look. */
  putBack(): void | Promise<void>;
}

export interface FileKeeperOptions {
  readonly clock: Clock;
  /** From one look to the next. */
  interval(): Milliseconds;
  /** Those that others need come before them. */
  files(): readonly KeptFile[];
  /** False: the place itself is gone, and nothing is to be made in it. */
  mayPutBack(): boolean;
  onPutBack(names: readonly string[]): void;
  /** Told once until nothing is missing again. */
  onProblem(error: unknown): void;
}

export class FileKeeper {
  readonly #options: FileKeeperOptions;
  readonly #missing = new Set<string>();
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;
  #troubled: boolean = false;
  #closed: boolean = false;

  constructor(options: FileKeeperOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Nothing is put back from when this resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** Now, and not only when it is time. Unless one goes on already. */
  look(): void {
    if (this.#closed || this.#looking !== null) return;
    this.#timer?.cancel();
    this.#looking = this.#putBackMissing().then(() => {
      this.#looking = null;
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock, interval } = this.#options;
    this.#timer = clock.setTimer(clock.now() + interval(), () => this.look());
  }

  /** Never rejects. */
  async #putBackMissing(): Promise<void> {
    const { files, mayPutBack, onPutBack, onProblem } = this.#options;
    try {
      const kept = files();
      const lost = kept.filter((file) => !file.isThere());
      if (lost.length > 0 && !mayPutBack()) return;
      // Of what is not kept any more nothing is to be told.
      for (const name of this.#missing) if (!kept.some((file) => file.name === name)) this.#missing.delete(name);
      for (const { name } of lost) this.#missing.add(name);
      for (const file of lost) if (!this.#closed) await file.putBack();
      const back = kept.filter((file) => this.#missing.has(file.name) && file.isThere()).map(({ name }) => name);
      for (const name of back) this.#missing.delete(name);
      if (back.length > 0) onPutBack(back);
      if (lost.length === back.length) this.#troubled = false;
    } catch (error) {
      if (!this.#troubled) onProblem(error);
      this.#troubled = true;
    }
  }
}
