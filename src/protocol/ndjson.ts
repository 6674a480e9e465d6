// Newline-delimited JSON: the framing of every inner link. Pure; a line that is too long or is not JSON is reported
// to the caller, who decides whether to drop it or the connection.

export type Frame = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/** Of a line, in characters: what is longer is not sent, or skipped by whoever reads it. */
export const LONGEST_FRAME = 16 * 1024 * 1024;

export function encodeFrame(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

/** Turns chunks of text into frames. Looks at each character once, so that a long line in small chunks costs no more. */
export class FrameDecoder {
  #pending = '';
  #skipping = false;
  readonly #maxLength: number;

  /** `maxLength`: of a line, in characters; the rest of a longer one is skipped. */
  constructor(maxLength = LONGEST_FRAME) {
    this.#maxLength = maxLength;
  }

  push(chunk: string): Frame[] {
    const frames: Frame[] = [];
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      this.#keep(chunk.slice(start, end), frames);
      if (!this.#skipping && this.#pending.trim() !== '') frames.push(decode(this.#pending));
      this.#pending = '';
      this.#skipping = false;
      start = end + 1;
    }
    this.#keep(chunk.slice(start), frames);
    return frames;
  }

  #keep(part: string, frames: Frame[]): void {
    if (this.#skipping) return;
    this.#pending += part;
    if (this.#pending.length <= this.#maxLength) return;
    this.#pending = '';
    this.#skipping = true;
    frames.push({ ok: false, reason: `a line is longer than ${this.#maxLength} characters` });
  }
}

function decode(line: string): Frame {
  try {
    return { ok: true, value: JSON.parse(line) };
  } catch {
    return { ok: false, reason: 'a line is not JSON' };
  }
}
