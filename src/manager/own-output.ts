// Manager: what it and its cluster processes print: to the streams it was started with; and once their file was removed,
// to the one that took its place.

import { closeSync, openSync, writeSync } from 'node:fs';
import { EvenkeelError } from '../core/errors.ts';

export class OwnOutput {
  /** null: as inherited. */
  #fd: number | null = null;

  /** For people who watch a manager in the foreground. */
  line(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** What went wrong, with its stack where it is a bug. */
  complain(problem: unknown): void {
    const text = describe(problem);
    const line = `${new Date().toISOString()} ${text}\n`;
    if (this.#fd === null) process.stderr.write(line);
    else this.#write(this.#fd, line);
  }

  /** For stdout and stderr of a child. */
  get stdio(): 'inherit' | number {
    return this.#fd ?? 'inherit';
  }

  reopen(path: string): void {
    const before = this.#fd;
    this.#fd = openSync(path, 'a', 0o600);
    if (before !== null) closeSync(before);
  }

  #write(fd: number, text: string): void {
    try {
      writeSync(fd, text);
    } catch {
      // A full disk must not end what looks after everything.
    }
  }
}

function describe(problem: unknown): string {
  if (problem instanceof EvenkeelError) return `${problem.code}: ${problem.message}`;
  return problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
}
