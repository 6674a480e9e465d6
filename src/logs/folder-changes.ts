// Tells that something in a folder may have changed: by the system's notice where it gives one, and from time to time
// anyhow, for notices get lost and some file systems give none. (CLI.)

import { type FSWatcher, watch } from 'node:fs';

const POLL = 250;

export class FolderChanges {
  readonly #signal: AbortSignal;
  #watcher: FSWatcher | null = null;
  #pending: boolean = false;
  #wake: (() => void) | null = null;

  constructor(folder: string, signal: AbortSignal) {
    this.#signal = signal;
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.#changed());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = null;
    }
  }

  /** Resolves at the first change since the last call, when the signal aborts, or soon anyhow. */
  async next(): Promise<void> {
    if (!this.#pending && !this.#signal.aborted) await this.#wait();
    this.#pending = false;
  }

  close(): void {
    this.#watcher?.close();
  }

  async #wait(): Promise<void> {
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const timer = setTimeout(wake, POLL);
    this.#wake = wake;
    this.#signal.addEventListener('abort', wake);
    await woken;
    clearTimeout(timer);
    this.#signal.removeEventListener('abort', wake);
  }

  #changed(): void {
    this.#pending = true;
    this.#wake?.();
  }
}
