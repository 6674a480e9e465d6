// Counts the lines of one stream that are dropped because its log is too slow for them (logs.onSlow: drop), and tells: at
// once when that begins, then how many there were, at intervals. (Cluster process.)

export const DROP_REPORT_INTERVAL = 10_000;

export class DroppedLines {
  readonly #report: (message: string) => void;
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  add(lines: number): void {
    this.#count += lines;
    if (this.#timer !== null) return;
    this.#report('the workers write faster than the log takes it; lines are dropped from now on (logs.onSlow: drop)');
    this.#wait();
  }

  /** Tells of those that are not told yet. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#tell();
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      // After an interval without any it is over, and the next ones are news again.
      if (this.#tell()) this.#wait();
    }, DROP_REPORT_INTERVAL);
    this.#timer.unref();
  }

  #tell(): boolean {
    const dropped = this.#count;
    this.#count = 0;
    if (dropped > 0) this.#report(`${dropped} ${dropped === 1 ? 'line was' : 'lines were'} dropped`);
    return dropped > 0;
  }
}
