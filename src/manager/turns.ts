// Manager: so many at a time, the others in the order in which they came.

/** May be called again; that does nothing. */
export type EndTurn = () => void;

export class Turns {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Resolves when it is one's turn, until that is ended; or, without a turn, as soon as `signal` is aborted. */
  async take(signal: AbortSignal | null = null): Promise<EndTurn> {
    if (!(await this.#wait(signal))) return () => {};
    let isOver = false;
    return () => {
      if (!isOver) this.#pass();
      isOver = true;
    };
  }

  /** Settles as the task does. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const end = await this.take();
    try {
      return await task();
    } finally {
      end();
    }
  }

  /** False: aborted before its turn. */
  #wait(signal: AbortSignal | null): Promise<boolean> {
    if (signal?.aborted === true) return Promise.resolve(false);
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const settle = (hasTurn: boolean): void => {
        this.#waiting.delete(begin);
        signal?.removeEventListener('abort', giveUp);
        resolve(hasTurn);
      };
      const begin = (): void => settle(true);
      const giveUp = (): void => settle(false);
      this.#waiting.add(begin);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** To whoever has waited longest. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next();
  }
}
