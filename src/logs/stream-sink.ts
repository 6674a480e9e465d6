// Writes lines to a stream of this process, for `"-"`. Whoever reads it may go: that harms neither the workers nor us.
// (Cluster process.)

import type { Writable } from 'node:stream';
import { linesLost } from './incident.ts';
import type { LineSink } from './line-sink.ts';
import { countLines } from './newline.ts';
import { errorText } from './system-error-code.ts';
import { endsWithin } from './within.ts';

const ignore = (): void => undefined;

export class StreamSink implements LineSink {
  readonly #stream: Writable;
  readonly #onDrain: () => void;
  readonly #onProblem: (message: string) => void;
  #full: boolean = false;
  #broken: boolean = false;
  /** Not written yet; counted only if that never comes to pass. */
  readonly #underWay = new Set<Buffer>();
  #lost = 0;
  #written: Promise<void> = Promise.resolve();

  /** `stream` stays its owner's to close. */
  constructor(stream: Writable, onDrain: () => void, onProblem: (message: string) => void) {
    this.#stream = stream;
    this.#onDrain = onDrain;
    this.#onProblem = onProblem;
    stream.on('drain', this.#drained);
    stream.on('error', this.#failed);
  }

  get full(): boolean {
    return this.#full;
  }

  write(lines: Buffer): boolean {
    if (this.#broken || this.#stream.destroyed) {
      this.#lost += countLines(lines);
      return true;
    }
    this.#underWay.add(lines);
    this.#written = new Promise((resolve) => {
      this.#full = !this.#stream.write(lines, (error) => {
        this.#underWay.delete(lines);
        if (error) this.#lost += countLines(lines);
        resolve();
      });
    });
    return !this.#full;
  }

  flush(): Promise<void> {
    return this.#broken ? Promise.resolve() : this.#written;
  }

  async close(deadline: number): Promise<void> {
    await endsWithin(deadline, this.flush());
    this.#broken = true;
    this.#full = false;
    this.#stream.off('drain', this.#drained).off('error', this.#failed);
    // A late error that nobody listens to would end the process.
    if (!this.#stream.listeners('error').includes(ignore)) this.#stream.on('error', ignore);
    // The reader may have got the beginning of them.
    for (const lines of this.#underWay) this.#lost += countLines(lines);
    this.#underWay.clear();
    if (this.#lost > 0) this.#onProblem(`closed the inherited stream; at most ${linesLost(this.#lost)}`);
    this.#lost = 0;
  }

  readonly #drained = (): void => {
    this.#full = false;
    this.#onDrain();
  };

  readonly #failed = (error: Error): void => {
    if (this.#broken) return;
    this.#broken = true;
    this.#onProblem(`cannot write to the inherited stream: ${errorText(error)}; its lines are lost from now on`);
    this.#drained();
  };
}
