// One open log file that the library rotates by size. Adds what the library does not tell: how much of a failed write
// is in the file, whether the path is still this file, a rotation on demand. The only importer of rotating-file-stream.

import { lchown, open, stat } from 'node:fs/promises';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { NEWLINE } from './newline.ts';

/** Log lines hold what apps hold: nobody else's business. The umask takes away more. */
const MODE = 0o640;

export interface RotatingFileOptions {
  /** Absolute. Its folder is made where it is missing. */
  readonly path: string;
  /** Rotate after the write that makes the file this many bytes long; null: never. */
  readonly maxSize: number | null;
  /** A new absolute path for the next rotated file. */
  readonly nextName: () => string;
  /** Of a file that is made. Absent: 0640, of which the umask takes away. */
  readonly mode?: number;
  /** The group that may read it; null: that of this process. */
  readonly group: number | null;
}

export type OpenOutcome =
  | { readonly kind: 'open'; readonly file: RotatingFile; readonly rotated: boolean }
  /** `rotating`: only the rotation that was due failed; the file is as it was. */
  | { readonly kind: 'failed'; readonly error: Error; readonly rotating: boolean };

export type WriteOutcome =
  | { readonly kind: 'written' }
  /** `missing`: what a full disk did not take of the file that is now rotated; mostly empty. */
  | { readonly kind: 'rotated'; readonly missing: Buffer }
  /** All is written, but the file could not be rotated, and is closed. */
  | { readonly kind: 'rotation-failed'; readonly error: Error }
  /** The file is closed. `missing`: what has to be written next for the file to be whole. */
  | { readonly kind: 'failed'; readonly error: Error; readonly missing: Buffer; readonly midLine: boolean };

export interface RotatingFile {
  /** Bytes in the file now. */
  readonly size: number;
  /** Whole lines; they stay in one file. One call at a time. */
  write(lines: Buffer): Promise<WriteOutcome>;
  /** False when the path names another file by now, or none, or when the file has become shorter. */
  isCurrent(): Promise<boolean>;
  /** True when its last byte is not a newline. */
  endsMidLine(): Promise<boolean>;
  close(): Promise<void>;
}

export type OpenRotatingFile = (options: RotatingFileOptions) => Promise<OpenOutcome>;

export async function openRotatingFile(options: RotatingFileOptions): Promise<OpenOutcome> {
  const { path, maxSize, nextName, mode = MODE, group } = options;
  const size = maxSize === null ? {} : { size: `${maxSize}B` };
  const stream = createStream((time) => (time ? nextName() : path), { ...size, mode });
  let rotated = false;
  stream.on('rotation', () => {
    rotated = true;
  });
  const error = await new Promise<Error | null>((resolve) => {
    stream.once('open', () => resolve(null));
    // Stays for good: what comes later is known from the write that failed, too.
    stream.on('error', resolve);
  });
  if (error !== null) return { kind: 'failed', error, rotating: rotated };
  const file = new LibraryFile(stream, path, group);
  await file.look();
  return { kind: 'open', file, rotated };
}

/** The library rotates what it finds too large when it opens it: with a limit of one byte, whatever is not empty. */
export async function rotateNow(options: RotatingFileOptions, openFile: OpenRotatingFile): Promise<OpenOutcome> {
  const outcome = await openFile({ ...options, maxSize: 1 });
  if (outcome.kind === 'open') await outcome.file.close();
  return outcome;
}

interface FileFacts {
  readonly inode: bigint;
  readonly size: number;
}

class LibraryFile implements RotatingFile {
  readonly #stream: RotatingFileStream;
  readonly #path: string;
  readonly #group: number | null;
  readonly #closed: Promise<void>;
  #rotatedTo = '';
  #size = 0;
  #inode: bigint | null = null;
  /** The write before this one: a disk that fills up takes part of it and says nothing until the next. */
  #previous: Buffer = Buffer.alloc(0);
  #rotating: boolean = false;

  constructor(stream: RotatingFileStream, path: string, group: number | null) {
    this.#stream = stream;
    this.#path = path;
    this.#group = group;
    this.#closed = new Promise((resolve) => stream.once('close', resolve));
    stream.on('rotation', () => {
      this.#rotating = true;
    });
    stream.on('rotated', (file) => {
      this.#rotatedTo = file;
    });
  }

  get size(): number {
    return this.#size;
  }

  /** Takes size and identity of what the path names now: a file that the library has just opened. */
  async look(): Promise<void> {
    // Where that is not permitted the file is as it was: what is in it matters more.
    if (this.#group !== null) await lchown(this.#path, -1, this.#group).catch(() => {});
    const found = await this.#stat(this.#path);
    this.#inode = found?.inode ?? null;
    this.#size = found?.size ?? 0;
  }

  async write(lines: Buffer): Promise<WriteOutcome> {
    this.#rotating = false;
    const error = await new Promise<Error | null | undefined>((resolve) => this.#stream.write(lines, resolve));
    if (!error) return this.#rotating ? this.#afterRotation(lines) : this.#afterWrite(lines);
    await this.#closed;
    if (this.#rotating) return { kind: 'rotation-failed', error };
    const missing = this.#missing(lines, await this.#stat(this.#path));
    return { kind: 'failed', error, missing: missing?.bytes ?? lines, midLine: missing?.midLine ?? false };
  }

  async isCurrent(): Promise<boolean> {
    const found = await this.#stat(this.#path);
    return found !== null && found.inode === this.#inode && found.size >= this.#size;
  }

  async endsMidLine(): Promise<boolean> {
    const file = this.#size === 0 ? null : await open(this.#path, 'r').catch(() => null);
    if (file === null) return false;
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, this.#size - 1);
      return bytesRead === 1 && buffer[0] !== NEWLINE;
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    this.#stream.end();
    await this.#closed;
  }

  #afterWrite(lines: Buffer): WriteOutcome {
    this.#size += lines.length;
    this.#previous = lines;
    return { kind: 'written' };
  }

  async #afterRotation(lines: Buffer): Promise<WriteOutcome> {
    const missing = this.#missing(lines, await this.#stat(this.#rotatedTo));
    await this.look();
    this.#previous = Buffer.alloc(0);
    return { kind: 'rotated', missing: missing?.bytes ?? Buffer.alloc(0) };
  }

  /** What of the last writes is not in the file: told by its size. Null where that tells nothing, as others changed it. */
  #missing(lines: Buffer, found: FileFacts | null): { bytes: Buffer; midLine: boolean } | null {
    if (found === null || found.inode !== this.#inode) return null;
    const recent = Buffer.concat([this.#previous, lines]);
    const start = recent.length - (this.#size + lines.length - found.size);
    if (start < 0 || start > recent.length) return null;
    return { bytes: recent.subarray(start), midLine: start > 0 && recent[start - 1] !== NEWLINE };
  }

  async #stat(path: string): Promise<FileFacts | null> {
    try {
      const { ino, size } = await stat(path, { bigint: true });
      return { inode: ino, size: Number(size) };
    } catch {
      // Opening it again gives the reason, where that fails too.
      return null;
    }
  }
}
