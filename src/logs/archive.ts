// The rotated files of one stream: compressed one after the other beside the writing, and no more of them kept than
// asked for. Works from what lies in the folder, so a sweep also finishes what a killed process left. (Cluster, manager.)

import { createReadStream, createWriteStream } from 'node:fs';
import { chown, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { LogSpec } from '../core/spec.ts';
import { listRotated, parseRotated, type RotatedFile } from './rotated-files.ts';
import { RotationNames } from './rotation-names.ts';
import { errorText, systemErrorCode } from './system-error-code.ts';
import { endsWithin } from './within.ts';

export type ArchiveSettings = Pick<LogSpec, 'keep' | 'compress'>;

/** A compressed file under this name is not complete; the whole one gets its own name in one step. */
const UNFINISHED = '.part';
/** For logs: 40 % of the time that zlib takes by default, for files that are a twentieth larger. */
const GZIP = { level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 } as const;
/** To remove what was begun, in milliseconds. */
const CLEAN_UP = 1_000;

export class Archive {
  readonly #live: string;
  readonly #names: RotationNames;
  readonly #onProblem: (message: string) => void;
  readonly #abort = new AbortController();
  #settings: ArchiveSettings;
  #running: Promise<void> | null = null;
  #again: boolean = false;
  /** The folder may be used. */
  #opened: boolean = false;
  #troubled = false;

  /**
   * `live`: absolute path of the file whose rotated ones these are. `now`: milliseconds since the epoch. `onProblem` is
   * told once until a sweep succeeds again.
   */
  constructor(live: string, settings: ArchiveSettings, now: () => number, onProblem: (message: string) => void) {
    this.#live = live;
    this.#names = new RotationNames(live, now);
    this.#settings = settings;
    this.#onProblem = onProblem;
  }

  /** Before the live file is opened. Also finishes what a killed process left, and obeys a `keep` lowered meanwhile. */
  async open(): Promise<void> {
    this.#opened = true;
    await this.#names.load();
    this.#sweep();
  }

  /** An absolute path for the next rotated file. */
  readonly nextName = (): string => this.#names.next();

  /** The file of the last `nextName` is complete. */
  rotated(): void {
    this.#names.completed();
    this.#sweep();
  }

  /** `isSame`: false where the folder may not be used before the next `open`. */
  apply(settings: ArchiveSettings, isSame = true): void {
    this.#settings = settings;
    this.#opened &&= isSame;
    if (this.#opened) this.#sweep();
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Gives what is under way `deadline` milliseconds; a file not compressed by then is left for the next sweep. */
  async close(deadline: number): Promise<void> {
    await endsWithin(deadline, this.idle());
    this.#abort.abort();
    await endsWithin(CLEAN_UP, this.idle());
  }

  #sweep(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#again && !this.#abort.signal.aborted) this.#sweep();
    });
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#abort.signal.aborted) {
      this.#again = false;
      try {
        await this.#sweepOnce();
        this.#troubled = false;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        if (!this.#troubled) this.#onProblem(`cannot tidy up after rotating ${this.#live}: ${errorText(error)}`);
        this.#troubled = true;
      }
    }
  }

  async #sweepOnce(): Promise<void> {
    await this.#removeLeftovers();
    const kept = await this.#removeSurplus();
    const next = this.#settings.compress ? kept.find((file) => !file.compressed) : undefined;
    if (next === undefined) return;
    await this.#compress(next);
    // One file a round: rotations go on meanwhile, and what is surplus by now need not be compressed.
    this.#again = true;
  }

  async #removeLeftovers(): Promise<void> {
    const folder = dirname(this.#live);
    for (const name of await readdir(folder).catch(noneIfMissing)) {
      if (!name.endsWith(UNFINISHED)) continue;
      if (parseRotated(this.#live, name.slice(0, -UNFINISHED.length)) !== null) await remove(join(folder, name));
    }
  }

  /** Gives what is left, each file once. */
  async #removeSurplus(): Promise<RotatedFile[]> {
    const files: RotatedFile[] = [];
    for (const file of await listRotated(this.#live)) {
      // It may be just coming into being.
      if (file.time > this.#names.complete) break;
      const before = files.at(-1);
      // A process was killed between the last two steps of compressing: the plain one is all there a second time.
      if (before?.time === file.time) {
        await remove(before.path);
        files.pop();
      }
      files.push(file);
    }
    const surplus = files.splice(0, Math.max(files.length - this.#settings.keep, 0));
    for (const file of surplus) await remove(file.path);
    return files;
  }

  async #compress(file: RotatedFile): Promise<void> {
    const whole = `${file.path}.gz`;
    const unfinished = `${whole}${UNFINISHED}`;
    try {
      const { mode, uid, gid } = await stat(file.path);
      const output = createWriteStream(unfinished, { mode: mode & 0o777, flags: 'w' });
      await pipeline(createReadStream(file.path), createGzip(GZIP), output, { signal: this.#abort.signal });
      // Only the system's first user may give a file away; anybody else's are its own already.
      await chown(unfinished, uid, gid).catch(() => {});
      await rename(unfinished, whole);
      await remove(file.path);
    } catch (error) {
      await remove(unfinished);
      throw new Error(`${basename(file.path)}: ${errorText(error)}`, { cause: error });
    }
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

function noneIfMissing(error: unknown): [] {
  if (systemErrorCode(error) === 'ENOENT') return [];
  throw error;
}
