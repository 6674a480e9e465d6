// CLI: lines at the bottom of a terminal that are drawn over again and again.

import { Writable } from 'node:stream';
import type { TextOutput } from './context.ts';

export interface LiveArea {
  draw(lines: readonly string[]): void;
  /** Writes a line that stays, above the area. */
  print(line: string): void;
  /** Removes the lines. */
  clear(): void;
  /** Leaves the lines where they are. */
  keep(): void;
}

/** What is between them a terminal shows at once, if it can. */
const FRAME_BEGIN = '\u001B[?2026h';
const FRAME_END = '\u001B[?2026l';

export async function createLiveArea(output: TextOutput): Promise<LiveArea> {
  const { createLogUpdate } = await import('log-update');
  const terminal = new Terminal(output);
  // The cursor stays visible: nothing has to be restored, however this process ends.
  const update = createLogUpdate(terminal, { showCursor: true });
  let shown = '';
  return {
    draw: (lines) => {
      const frame = lines.join('\n');
      const look = `${output.columns} ${output.rows} ${frame}`;
      if (look === shown) return;
      shown = look;
      // A frame over another one would be drawn as the difference, which leaves the lines below one that is new or gone
      // where they were. So each is drawn as a first one.
      terminal.together(() => {
        update.clear();
        update(frame);
      });
    },
    print: (line) => {
      shown = '';
      terminal.together(() => update.persist(line));
    },
    clear: () => {
      shown = '';
      terminal.together(() => update.clear());
      update.done();
    },
    keep: () => update.done(),
  };
}

/** What log-update wants to know of a terminal, over our own output. Frames are begun and ended here, not there. */
class Terminal extends Writable {
  readonly isTTY = false;
  readonly #output: TextOutput;
  #text = '';

  constructor(output: TextOutput) {
    super({ decodeStrings: false });
    this.#output = output;
  }

  get columns(): number {
    return this.#output.columns;
  }

  get rows(): number {
    return this.#output.rows;
  }

  /** What `draw` writes reaches the terminal in one piece. */
  together(draw: () => void): void {
    draw();
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#output.write(`${FRAME_BEGIN}${text}${FRAME_END}`);
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.#text += String(chunk);
    done();
  }
}
