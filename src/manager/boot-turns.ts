// Manager: how many apps boot at a time. Of a hundred that boot at once none is ready before nearly all are, and
// `ready.timeout` of each goes on meanwhile.

import type { Task } from './app-lane.ts';

/** So many that apps which wait for something else than a CPU rarely wait for each other. */
const APPS_PER_CPU = 8;

export class BootTurns {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(cpus: number) {
    this.#free = APPS_PER_CPU * cpus;
  }

  /** Settles as the work does. Throws Superseded where a stop comes before its turn. */
  async take<T>(task: Task, work: () => Promise<T>): Promise<T> {
    const hasTurn = await this.#wait(task.signal);
    try {
      task.goOn();
      return await work();
    } finally {
      if (hasTurn) this.#pass();
    }
  }

  /** False: aborted before its turn. */
  #wait(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const end = (hasTurn: boolean): void => {
        this.#waiting.delete(begin);
        signal.removeEventListener('abort', giveUp);
        resolve(hasTurn);
      };
      const begin = (): void => end(true);
      const giveUp = (): void => end(false);
      this.#waiting.add(begin);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** To whoever has waited longest. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next();
  }
}
