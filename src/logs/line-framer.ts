// Turns the chunks of one stream of one worker into buffers of whole lines, so that whatever is written after them,
// by whomever, starts on a line of its own. (Cluster process.)

import { NEWLINE } from './newline.ts';

export const LONGEST_LINE = 8 * 1024 * 1024;
const LINE_END = Buffer.from([NEWLINE]);

/**
 * Every buffer emitted is whole lines; the bytes are those that came in, but for two newlines of ours: after each
 * `longestLine` bytes of a longer line (a worker that never ends its line must neither fill the memory nor hold up the
 * others), and after a last line that has none.
 */
export class LineFramer {
  readonly #emit: (lines: Buffer) => void;
  readonly #longestLine: number;
  /** The unfinished line is the first `#length` bytes; the rest is room to grow, so that many small chunks stay cheap. */
  #partial = Buffer.alloc(0);
  #length = 0;

  constructor(emit: (lines: Buffer) => void, longestLine = LONGEST_LINE) {
    this.#emit = emit;
    this.#longestLine = longestLine;
  }

  /** The line that has no end yet. */
  get partial(): Buffer {
    return this.#partial.subarray(0, this.#length);
  }

  push(chunk: Buffer): void {
    // A chunk of at most one longest line holds no line that is too long, except together with the partial one.
    for (let start = 0; start < chunk.length; start += this.#longestLine) {
      this.#take(chunk.subarray(start, start + this.#longestLine));
    }
  }

  /** The stream has ended: so does its last line. */
  end(): void {
    if (this.#length > 0) this.#finishLine(LINE_END);
  }

  #take(chunk: Buffer): void {
    const last = chunk.lastIndexOf(NEWLINE);
    if (last === -1) {
      this.#keep(chunk);
      return;
    }
    let start = 0;
    if (this.#length > 0) {
      start = chunk.indexOf(NEWLINE) + 1;
      this.#finishLine(chunk.subarray(0, start));
    }
    if (start <= last) this.#emit(chunk.subarray(start, last + 1));
    if (last + 1 < chunk.length) this.#keep(chunk.subarray(last + 1));
  }

  /** `rest`: the end of the partial line, with its newline. */
  #finishLine(rest: Buffer): void {
    this.#keep(rest.subarray(0, -1));
    this.#append(LINE_END);
    this.#emit(this.partial);
    this.#partial = Buffer.alloc(0);
    this.#length = 0;
  }

  #keep(part: Buffer): void {
    let rest = part;
    while (this.#length + rest.length > this.#longestLine) {
      const room = this.#longestLine - this.#length;
      this.#append(rest.subarray(0, room));
      this.#append(LINE_END);
      this.#emit(this.partial);
      this.#partial = Buffer.alloc(0);
      this.#length = 0;
      rest = rest.subarray(room);
    }
    this.#append(rest);
  }

  #append(part: Buffer): void {
    const length = this.#length + part.length;
    if (length > this.#partial.length) {
      const grown = Buffer.allocUnsafe(this.#length === 0 ? length + 1 : length * 2);
      this.#partial.copy(grown, 0, 0, this.#length);
      this.#partial = grown;
    }
    part.copy(this.#partial, this.#length);
    this.#length = length;
  }
}
