// Newline-delimited JSON: the framing of every inner link. Pure; a line that is too long or is not JSON is reported
// to the caller, who decides whether to drop it or the connection.

export type Frame = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

export function encodeFrame(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

/** Turns chunks of text into frames; keeps an unfinished line of at most `maxLength` characters. */
export class FrameDecoder {
  #pending = '';
  #skipping = false;
  readonly #maxLength: number;

  constructor(maxLength = 16 * 1024 * 1024) {
    this.#maxLength = maxLength;
  }

  push(chunk: string): Frame[] {
    const frames: Frame[] = [];
    const lines = (this.#pending + chunk).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#skipping) this.#skipping = false;
      else if (line.trim() !== '') frames.push(decode(line));
    }
    if (this.#pending.length > this.#maxLength) {
      this.#pending = '';
      if (!this.#skipping) frames.push({ ok: false, reason: `a line is longer than ${this.#maxLength} characters` });
      this.#skipping = true;
    }
    return frames;
  }
}

function decode(line: string): Frame {
  try {
    return { ok: true, value: JSON.parse(line) };
  } catch {
    return { ok: false, reason: 'a line is not JSON' };
  }
}
