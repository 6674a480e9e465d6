// Follows a log file without asking those who write it: across rotations, however many happen between two looks, and
// across truncation. (CLI, where no manager runs.)

import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FolderChanges } from './folder-changes.ts';
import { LineFramer } from './line-framer.ts';
import { eachLine } from './newline.ts';
import { readRotated } from './read-rotated.ts';
import { listRotated, type RotatedFile } from './rotated-files.ts';
import { systemErrorCode } from './system-error-code.ts';

const BLOCK = 64 * 1024;

/**
 * Calls `onLine` with each line that ends behind `from` bytes of the live file, in order, until the signal aborts; then
 * resolves. A file that does not exist is waited for.
 */
export async function followFile(
  path: string,
  from: number,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const changes = new FolderChanges(dirname(path), signal);
  const follower = new Follower(path, onLine);
  try {
    await follower.begin(from);
    while (!signal.aborted) {
      if (!(await follower.readOn())) await changes.next();
    }
  } finally {
    changes.close();
    await follower.close();
  }
}

class Follower {
  readonly #path: string;
  readonly #framer: LineFramer;
  readonly #block = Buffer.alloc(BLOCK);
  #file: FileHandle | null = null;
  #offset = 0;
  /** Rotated files up to this time are behind us. */
  #behind = 0;

  constructor(path: string, onLine: (line: string) => void) {
    this.#path = path;
    this.#framer = new LineFramer((lines) => eachLine(lines, onLine));
  }

  async begin(from: number): Promise<void> {
    this.#file = await openIfThere(this.#path);
    this.#offset = from;
    this.#behind = (await this.#rotated()).at(-1)?.time ?? 0;
  }

  /** True when there was something new, and so there may be more. */
  async readOn(): Promise<boolean> {
    const file = this.#file;
    if (file === null) {
      await this.#openNext();
      return this.#file !== null;
    }
    const { ino, size } = await file.stat();
    if (size < this.#offset) {
      this.#framer.end();
      this.#offset = 0;
    }
    const named = await stat(this.#path).catch(() => null);
    // In this order: a file that its path no longer names gets no more lines.
    if (await this.#readToEnd(file)) return true;
    if (named?.ino === ino) return false;
    await this.#finish(file);
    return true;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #readToEnd(file: FileHandle): Promise<boolean> {
    let found = false;
    for (;;) {
      const { bytesRead } = await file.read(this.#block, 0, BLOCK, this.#offset);
      if (bytesRead === 0) return found;
      found = true;
      this.#offset += bytesRead;
      // A copy: the framer's lines may outlive the block.
      this.#framer.push(Buffer.from(this.#block.subarray(0, bytesRead)));
    }
  }

  /** The file is rotated or gone. */
  async #finish(file: FileHandle): Promise<void> {
    this.#file = null;
    await file.close();
    this.#framer.end();
    const [itself] = await this.#rotated();
    if (itself !== undefined) this.#behind = itself.time;
    await this.#openNext();
  }

  /** Reads what was rotated since, then opens the live file. */
  async #openNext(): Promise<void> {
    for (;;) {
      const live = await openIfThere(this.#path);
      // Listed after opening: a rotation in between shows as the file just opened, under its new name.
      this.#file = live;
      const [next] = await this.#rotated();
      if (next === undefined) break;
      this.#file = null;
      await live?.close();
      await this.#readRotated(next);
    }
    this.#offset = 0;
  }

  async #readRotated(file: RotatedFile): Promise<void> {
    try {
      for await (const chunk of readRotated(file)) this.#framer.push(chunk);
    } catch (error) {
      // Just compressed: listed under its new name the next time.
      if (systemErrorCode(error) === 'ENOENT') return;
      // Damaged: what could be read is better than nothing.
    }
    this.#framer.end();
    this.#behind = file.time;
  }

  /** Rotated files that are not behind us, oldest first; not the one that is open, nor one that only just comes into being. */
  async #rotated(): Promise<RotatedFile[]> {
    const open = await this.#file?.stat();
    const files: RotatedFile[] = [];
    for (const file of await listRotated(this.#path).catch(() => [])) {
      if (file.time <= this.#behind) continue;
      const facts = await stat(file.path).catch(() => null);
      if (facts !== null && facts.size > 0 && facts.ino !== open?.ino) files.push(file);
    }
    return files;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  return open(path, 'r').catch(() => null);
}
