// What manager and cluster processes print about themselves: bugs, mostly. To the streams that they were started with, or
// to manager.out, whichever file has that name at the moment: it is rotated, and somebody may have removed it.

import { appendFileSync, closeSync, fstatSync, openSync } from 'node:fs';
import { EvenkeelError } from '../core/errors.ts';
import { fileStatus } from './file-status.ts';

const MODE = 0o600;

export class OwnOutput {
  #path: string | null = null;
  /** Of the file, as it was when it was last asked for. */
  #fd: number | null = null;

  /** Absolute; null: as inherited. */
  get path(): string | null {
    return this.#path;
  }

  use(path: string | null): void {
    this.#path = path;
  }

  /** For people who watch a manager in the foreground. */
  line(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** What went wrong, with its stack where it is a bug. `what`: where. */
  complain(problem: unknown, what = ''): void {
    const line = `${new Date().toISOString()} ${what === '' ? '' : `${what}: `}${describe(problem)}\n`;
    if (this.#path === null || !append(this.#path, line)) process.stderr.write(line);
  }

  /** For stdout and stderr of a child. */
  get stdio(): 'inherit' | number {
    if (this.#path === null) return 'inherit';
    try {
      if (this.#fd === null || fileStatus(this.#path)?.ino !== fstatSync(this.#fd).ino) this.#open(this.#path);
    } catch {
      // A full disk must not keep anything from being started.
    }
    return this.#fd ?? 'inherit';
  }

  /** Makes the file where it is missing. Throws why it could not be. */
  putBack(): void {
    if (this.#path !== null) this.#open(this.#path);
  }

  #open(path: string): void {
    const before = this.#fd;
    this.#fd = openSync(path, 'a', MODE);
    if (before !== null) closeSync(before);
  }
}

function append(path: string, text: string): boolean {
  try {
    appendFileSync(path, text, { mode: MODE });
    return true;
  } catch {
    // A full disk must not end what looks after everything.
    return false;
  }
}

function describe(problem: unknown): string {
  if (problem instanceof EvenkeelError) return `${problem.code}: ${problem.message}`;
  return problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
}
