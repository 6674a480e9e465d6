// A log file that cannot be written, told once when it begins and once when it is over. Pure but for its callback.

export class Incident {
  readonly #path: string;
  readonly #report: (message: string) => void;
  readonly #now: () => number;
  #failures = 0;
  #since: number | null = null;
  #lost = 0;

  constructor(path: string, report: (message: string) => void, now: () => number) {
    this.#path = path;
    this.#report = report;
    this.#now = now;
  }

  /** True from the second failure in a row: opening the file anew has not helped. */
  get open(): boolean {
    return this.#since !== null;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  failed(reason: string): void {
    this.#failures += 1;
    if (this.#failures < 2 || this.#since !== null) return;
    this.#since = this.#now();
    this.#report(`cannot write ${this.#path}: ${reason}; newest lines may be lost until that is put right`);
  }

  lost(lines: number): void {
    this.#lost += lines;
  }

  worked(): void {
    this.#failures = 0;
    if (this.#since === null) return;
    const seconds = Math.round((this.#now() - this.#since) / 1000);
    this.#since = null;
    this.#report(`writing ${this.#path} again after ${seconds} s; ${this.#takeLost()}`);
  }

  /** Nobody will try again. `inTime`: false when a write has not come to an end: its lines are among the lost ones. */
  gaveUp(inTime: boolean): void {
    if (!inTime) this.#report(`cannot close ${this.#path} in time; at most ${linesLost(this.#take())}`);
    else if (this.#lost > 0) this.#report(`closed ${this.#path}; ${this.#takeLost()}`);
  }

  /** Milliseconds to wait before the next attempt: none before the first. */
  delay(limits: { readonly min: number; readonly max: number }): number {
    return this.#failures < 2 ? 0 : Math.min(limits.min * 2 ** (this.#failures - 2), limits.max);
  }

  #take(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  #takeLost(): string {
    const lost = this.#take();
    return lost === 0 ? 'no line was lost' : linesLost(lost);
  }
}

export function linesLost(count: number): string {
  return `${count} ${count === 1 ? 'line was' : 'lines were'} lost`;
}
