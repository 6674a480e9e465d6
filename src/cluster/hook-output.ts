// Splits what a hook writes into lines. (cluster process)

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut in pieces: a hook's output is for people. */
const LONGEST_LINE = 10_000;

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
      for (const line of lines) this.#onLine(line);
      if (rest.text.length > LONGEST_LINE) this.#flush(rest);
    });
  }

  end(): void {
    for (const rest of this.#rests) this.#flush(rest);
  }

  #flush(rest: { text: string }): void {
    if (rest.text !== '') this.#onLine(rest.text);
    rest.text = '';
  }
}
