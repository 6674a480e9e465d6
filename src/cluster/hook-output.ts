// Splits what a hook writes into lines, and keeps no more of them than people read. (cluster process)

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut in pieces. */
const LONGEST_LINE = 4_000;

export class HookOutput {
  readonly #onLine: (line: string) => void;
  readonly #rests: { text: string }[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  read(stream: Readable | null): void {
    const decoder = new StringDecoder('utf8');
    const rest = { text: '' };
    this.#rests.push(rest);
    stream?.on('data', (chunk: Buffer) => {
      const lines = (rest.text + decoder.write(chunk)).split('\n');
      rest.text = lines.pop() ?? '';
      for (const line of lines) this.#tell(line);
      while (rest.text.length > LONGEST_LINE) {
        this.#onLine(rest.text.slice(0, LONGEST_LINE));
        rest.text = rest.text.slice(LONGEST_LINE);
      }
    });
  }

  end(): void {
    for (const rest of this.#rests) {
      if (rest.text !== '') this.#tell(rest.text);
      rest.text = '';
    }
  }

  #tell(line: string): void {
    let rest = line;
    for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) this.#onLine(rest.slice(0, LONGEST_LINE));
    this.#onLine(rest);
  }
}

/** Lines that a result has at most. */
const KEPT = 200;
/** Lines that become events: they are written to a log of limited size, which has other things to remember. */
const TOLD = 500;

/** The last lines of all hooks of one deploy, or of one worker; the first ones are told as they come. */
export class HookLines {
  readonly #tell: (hook: string, line: string) => void;
  readonly #last: string[] = [];
  #count = 0;
  #running: string | null = null;

  constructor(tell: (hook: string, line: string) => void) {
    this.#tell = tell;
  }

  /** The hook that runs; null: none. */
  get running(): string | null {
    return this.#running;
  }

  /** Oldest first. */
  get last(): readonly string[] {
    return [...this.#last];
  }

  begin(hook: string): void {
    this.#running = hook;
  }

  end(): void {
    this.#running = null;
  }

  add(line: string): void {
    this.#count += 1;
    this.#last.push(line);
    if (this.#last.length > KEPT) this.#last.shift();
    if (this.#count < TOLD) this.#tell(this.#running ?? '', line);
    if (this.#count === TOLD)
      this.#tell(this.#running ?? '', `(more than ${TOLD} lines; the result has the last ${KEPT})`);
  }
}
