// What a sink has taken and not yet written: buffers of whole lines in order, handed out in batches that end at a
// line's end. Pure.

import { countLines, NEWLINE } from './newline.ts';

export class LineQueue {
  readonly #buffers: Buffer[] = [];
  #bytes = 0;
  /** Taken out, and perhaps not written yet. */
  #underWay: Buffer = Buffer.alloc(0);

  get bytes(): number {
    return this.#bytes;
  }

  push(lines: Buffer): void {
    this.#buffers.push(lines);
    this.#bytes += lines.length;
  }

  /** For bytes that are to be written before all others. */
  putBack(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#buffers.unshift(bytes);
    this.#bytes += bytes.length;
  }

  /** Takes out everything up to the end of the line that reaches `size` bytes, or all there is; empty where there is nothing. */
  take(size: number): Buffer {
    let total = 0;
    let whole = 0;
    let part: Buffer | null = null;
    for (const buffer of this.#buffers) {
      if (total >= size) break;
      const cut = total + buffer.length > size ? endOfLineAt(buffer, size - total) : buffer.length;
      if (cut < buffer.length) {
        part = buffer.subarray(0, cut);
        this.#buffers[whole] = buffer.subarray(cut);
      } else {
        whole += 1;
      }
      total += cut;
      if (part !== null) break;
    }
    const taken = this.#buffers.splice(0, whole);
    if (part !== null) taken.push(part);
    this.#bytes -= total;
    const [first] = taken;
    this.#underWay = taken.length === 1 && first !== undefined ? first : Buffer.concat(taken, total);
    return this.#underWay;
  }

  /** What was taken last is written, or put back. */
  settled(): void {
    this.#underWay = Buffer.alloc(0);
  }

  /** Drops everything; gives the number of lines lost, with those that are under way. */
  clear(): number {
    const lost = this.#buffers.reduce((sum, buffer) => sum + countLines(buffer), countLines(this.#underWay));
    this.settled();
    this.#buffers.length = 0;
    this.#bytes = 0;
    return lost;
  }
}

/** The length up to and with the first newline that makes at least `size` bytes. */
function endOfLineAt(buffer: Buffer, size: number): number {
  const newline = buffer.indexOf(NEWLINE, Math.max(size - 1, 0));
  return newline === -1 ? buffer.length : newline + 1;
}
