// A log file that several processes append to, each by whole lines, and rotate: manager.out. Nobody needs to tell the
// others: whoever writes looks first whether the path is still the file that it has open. So a rotated file may still get
// lines, and is not compressed. (Cluster process.)

import { renameSync, statSync } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { NEWLINE } from './newline.ts';
import type {
  OpenOutcome,
  OpenRotatingFile,
  RotatingFile,
  RotatingFileOptions,
  WriteOutcome,
} from './rotating-file.ts';
import type { RotationSettings } from './rotating-sink.ts';
import { systemErrorCode } from './system-error-code.ts';

/** Of manager.out, which belongs to no app. */
export const SHARED_SETTINGS: RotationSettings = {
  maxSize: 10 * 1024 * 1024,
  schedule: null,
  keep: 5,
  compress: false,
};

const MODE = 0o600;
const NOTHING = Buffer.alloc(0);

export const openSharedFile: OpenRotatingFile = async (options) => {
  let file: SharedFile | null = null;
  try {
    file = new SharedFile(options, await open(options.path, 'a', MODE));
    await file.look();
    return { kind: 'open', file, rotated: await file.rotateIfLarge() };
  } catch (error) {
    await file?.close();
    return { kind: 'failed', error: asError(error), rotating: file !== null } satisfies OpenOutcome;
  }
};

class SharedFile implements RotatingFile {
  readonly #options: RotatingFileOptions;
  #handle: FileHandle;
  #inode = 0n;
  #size = 0;

  constructor(options: RotatingFileOptions, handle: FileHandle) {
    this.#options = options;
    this.#handle = handle;
  }

  /** With what the others have written, as of the last write. */
  get size(): number {
    return this.#size;
  }

  async write(lines: Buffer): Promise<WriteOutcome> {
    let written = 0;
    try {
      await this.#follow();
      while (written < lines.length) written += (await this.#handle.write(lines, written)).bytesWritten;
      await this.look();
    } catch (error) {
      await this.close();
      const midLine = written > 0 && lines[written - 1] !== NEWLINE;
      return { kind: 'failed', error: asError(error), missing: lines.subarray(written), midLine };
    }
    try {
      return (await this.rotateIfLarge()) ? { kind: 'rotated', missing: NOTHING } : { kind: 'written' };
    } catch (error) {
      await this.close();
      return { kind: 'rotation-failed', error: asError(error) };
    }
  }

  /** It follows the path by itself. */
  async isCurrent(): Promise<boolean> {
    return true;
  }

  /** What another process is just writing does not count. */
  async endsMidLine(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => {});
  }

  async look(): Promise<void> {
    const { ino, size } = await this.#handle.stat({ bigint: true });
    this.#inode = ino;
    this.#size = Number(size);
  }

  /** False: it is not large, or another process has just rotated it. Throws why it could not be. */
  async rotateIfLarge(): Promise<boolean> {
    const { path, maxSize } = this.#options;
    if (maxSize === null || this.#size < maxSize) return false;
    const target = await this.#claimName();
    try {
      // At one go: another process that does the same in between would rotate the new file, which is harmless.
      const isOurs = statSync(path, { bigint: true }).ino === this.#inode;
      if (isOurs) renameSync(path, target);
      else await rm(target);
      await this.#reopen();
      return isOurs;
    } catch (error) {
      // Renaming has failed: it is as empty as it was made.
      if ((await stat(target).catch(() => null))?.size === 0) await rm(target, { force: true });
      throw error;
    }
  }

  /** An empty file with the name that the rotated one is to have: the clocks of two processes can give the same. */
  async #claimName(): Promise<string> {
    for (;;) {
      const target = this.#options.nextName();
      try {
        await (await open(target, 'wx', MODE)).close();
        return target;
      } catch (error) {
        if (systemErrorCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  async #follow(): Promise<void> {
    const found = await stat(this.#options.path, { bigint: true }).catch(() => null);
    if (found?.ino !== this.#inode) await this.#reopen();
  }

  async #reopen(): Promise<void> {
    const handle = await open(this.#options.path, 'a', MODE);
    await this.close();
    this.#handle = handle;
    await this.look();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
