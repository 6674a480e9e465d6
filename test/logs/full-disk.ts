// A log file on a disk of so many bytes: a stand-in for the real one, behind the same port.

import type { OpenRotatingFile, RotatingFile, WriteOutcome } from '../../src/logs/rotating-file.ts';

export class FullDisk {
  capacity: number;
  content = Buffer.alloc(0);
  /** Opened and not closed. */
  open = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  readonly openFile: OpenRotatingFile = () => {
    this.open += 1;
    return Promise.resolve({ kind: 'open', file: this.#file(), rotated: false });
  };

  #file(): RotatingFile {
    const disk = this;
    return {
      get size() {
        return disk.content.length;
      },
      write: (lines) => Promise.resolve(this.#write(lines)),
      isCurrent: () => Promise.resolve(true),
      endsMidLine: () => Promise.resolve(this.content.length > 0 && this.content.at(-1) !== 10),
      close: () => {
        this.open -= 1;
        return Promise.resolve();
      },
    };
  }

  #write(lines: Buffer): WriteOutcome {
    const fits = lines.subarray(0, Math.max(this.capacity - this.content.length, 0));
    this.content = Buffer.concat([this.content, fits]);
    if (fits.length === lines.length) return { kind: 'written' };
    const midLine = this.content.length > 0 && this.content.at(-1) !== 10;
    return { kind: 'failed', error: new Error('ENOSPC: no space left'), missing: lines.subarray(fits.length), midLine };
  }
}
