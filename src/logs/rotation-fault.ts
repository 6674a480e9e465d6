// A log file that can be written but not rotated (a folder in which we may make no files): it is let grow, rather than
// that lines are lost, and rotating is tried again from time to time. Pure but for its callback.

const RETRY_AFTER = 60_000;

export class RotationFault {
  readonly #path: string;
  readonly #report: (message: string) => void;
  readonly #now: () => number;
  #retryAt: number | null = null;

  constructor(path: string, report: (message: string) => void, now: () => number) {
    this.#path = path;
    this.#report = report;
    this.#now = now;
  }

  get open(): boolean {
    return this.#retryAt !== null;
  }

  get retryDue(): boolean {
    return this.#retryAt !== null && this.#now() >= this.#retryAt;
  }

  failed(reason: string): void {
    if (!this.open) this.#report(`cannot rotate ${this.#path}: ${reason}; it grows until that is put right`);
    this.#retryAt = this.#now() + RETRY_AFTER;
  }

  worked(): void {
    if (this.open) this.#report(`rotating ${this.#path} again`);
    this.#retryAt = null;
  }
}
