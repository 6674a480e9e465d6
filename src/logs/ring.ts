// The newest lines of an app or of one worker, kept as the buffers they came in and split only when somebody asks.
// (Cluster process.)

import type { LogLine } from '../protocol/cluster-link.ts';
import { lineText, NEWLINE } from './newline.ts';

interface Entry {
  readonly slot: number;
  readonly stream: LogLine['stream'];
  /** Whole lines. */
  readonly lines: Buffer;
}

export class LineRing {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  /** Oldest first; those before `#head` are dropped already. */
  #entries: Entry[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: { readonly maxLines: number; readonly maxBytes: number }) {
    this.#maxLines = limits.maxLines;
    this.#maxBytes = limits.maxBytes;
  }

  /** Bytes of lines held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `lines`: whole lines; must not be changed afterwards. */
  add(slot: number, stream: LogLine['stream'], lines: Buffer): void {
    const kept = lines.length > this.#maxBytes ? copyEnd(lines, this.#maxBytes) : lines;
    this.#entries.push({ slot, stream, lines: kept });
    this.#bytes += kept.length;
    while (this.#bytes > this.#maxBytes || this.#entries.length - this.#head > this.#maxLines) this.#dropOldest();
  }

  /** At most the newest `count` lines, oldest first. */
  newest(count: number): LogLine[] {
    const wanted = Math.min(count, this.#maxLines);
    const found: LogLine[] = [];
    for (let at = this.#entries.length - 1; at >= this.#head && found.length < wanted; at -= 1) {
      const entry = this.#entries[at];
      if (entry !== undefined) collectBackwards(entry, wanted, found);
    }
    return found.reverse();
  }

  #dropOldest(): void {
    this.#bytes -= this.#entries[this.#head]?.lines.length ?? 0;
    this.#head += 1;
    // Moving the rest for every entry dropped would cost more than it frees.
    if (this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** The last lines that fit; of a single line that does not, its end. A copy, so that the whole buffer can be freed. */
function copyEnd(lines: Buffer, maxBytes: number): Buffer {
  const from = lines.length - maxBytes;
  const start = lines.indexOf(NEWLINE, from - 1) + 1;
  return Buffer.from(lines.subarray(start < lines.length ? start : from));
}

function collectBackwards(entry: Entry, wanted: number, found: LogLine[]): void {
  const { slot, stream, lines } = entry;
  let end = lines.length;
  while (end > 0 && found.length < wanted) {
    // A negative offset would count from the end.
    const start = end === 1 ? 0 : lines.lastIndexOf(NEWLINE, end - 2) + 1;
    found.push({ slot, stream, line: lineText(lines.subarray(start, end)) });
    end = start;
  }
}
