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

export async function createLiveArea(output: TextOutput): Promise<LiveArea> {
  const { createLogUpdate } = await import('log-update');
  // The cursor stays visible: nothing has to be restored, however this process ends.
  const update = createLogUpdate(terminalOf(output), { showCursor: true });
  return {
    draw: (lines) => update(lines.join('\n')),
    print: (line) => update.persist(line),
    clear: () => {
      update.clear();
      update.done();
    },
    keep: () => update.done(),
  };
}

/** What log-update wants to know of a terminal, over our own output. */
function terminalOf(output: TextOutput): Writable {
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      output.write(String(chunk));
      done();
    },
  });
  return Object.defineProperties(stream, {
    isTTY: { value: output.isTTY },
    columns: { get: () => output.columns },
    rows: { get: () => output.rows },
  });
}
