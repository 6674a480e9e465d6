// A small JSON document on disk that is always whole: the old one or the new one, readable by its owner only. It carries
// the version of its form. One process writes a given file.

import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { errorCode } from './system-error.ts';

/** Raised when an older evenkeel could misread what a newer one writes. */
export const STATE_VERSION = 1;

export type StateReading =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'missing' }
  /** It was no state file; it lies at `movedTo` now, for a person to look at. */
  | { readonly kind: 'corrupt'; readonly movedTo: string }
  /** Left untouched. */
  | { readonly kind: 'newer'; readonly version: number };

export function readStateFile(path: string, now: Date = new Date()): StateReading {
  const envelope = readEnvelope(path);
  if (envelope === 'missing') return { kind: 'missing' };
  if (envelope === 'corrupt') return { kind: 'corrupt', movedTo: setAside(path, now) };
  return envelope.version > STATE_VERSION
    ? { kind: 'newer', version: envelope.version }
    : { kind: 'ok', value: envelope.data };
}

/** As readStateFile, for whoever must change nothing: what is no state file counts as none. */
export function peekStateFile(path: string): Exclude<StateReading, { readonly kind: 'corrupt' }> {
  const envelope = readEnvelope(path);
  if (envelope === 'missing' || envelope === 'corrupt') return { kind: 'missing' };
  return envelope.version > STATE_VERSION
    ? { kind: 'newer', version: envelope.version }
    : { kind: 'ok', value: envelope.data };
}

/** For a person to look at: what is in the file is of no use. Where it lies now. */
export function setAside(path: string, now: Date = new Date()): string {
  const movedTo = asidePath(path, now);
  renameSync(path, movedTo);
  return movedTo;
}

/** As setAside, where a part of it is of use still: the file stays, until it is written again. Where the copy lies. */
export function copyAside(path: string, now: Date = new Date()): string {
  const copy = asidePath(path, now);
  copyFileSync(path, copy);
  return copy;
}

function asidePath(path: string, now: Date): string {
  return `${path}.corrupt-${now.toISOString()}`;
}

/**
 * Replaces the file in one step; when it resolves, the new content survives a power cut. On failure the old one stays, and
 * so does what is there where `isOutdated` says so in the end.
 */
export async function writeStateFile(path: string, value: unknown, isOutdated = () => false): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(inEnvelope(value));
      await file.sync();
    } finally {
      await file.close();
    }
    if (isOutdated()) return await rm(temporary);
    renameSync(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Replaces the file in one step, before it returns; a power cut may bring the old content back. */
function writeStateFileNow(path: string, value: unknown): void {
  const temporary = temporaryPath(path);
  try {
    writeFileSync(temporary, inEnvelope(value), { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

export interface StateFileOptions {
  /** Told once when writing begins to fail; it is tried again. */
  readonly onError: (error: unknown) => void;
  /** Told once when it works again. */
  readonly onRecovery?: () => void;
  readonly clock?: Clock;
}

/** Milliseconds from a failed write (a full disk) to the next attempt. */
const RETRY_DELAY = 1000;

/** Writes one file, one write at a time; of values saved meanwhile only the latest is written. */
export class StateFile {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  readonly #onRecovery: () => void;
  readonly #clock: Clock;
  #failing: boolean = false;
  #waiting: { readonly value: unknown } | null = null;
  #running: Promise<void> | null = null;
  #retry: Timer | null = null;
  #swept: boolean = false;
  #closed: boolean = false;
  /** How often the file was written at once. */
  #hurried = 0;

  constructor(path: string, options: StateFileOptions) {
    this.#path = path;
    this.#onError = options.onError;
    this.#onRecovery = options.onRecovery ?? (() => {});
    this.#clock = options.clock ?? systemClock;
  }

  /** Remembers `value` (do not change it afterwards) to be written soon. Never throws. */
  save(value: unknown): void {
    this.#waiting = { value };
    this.#start();
  }

  /**
   * As save, but when it returns, whoever reads the file reads this value: for what must be known even if this process is
   * killed in the next moment. A failure is told, and it is tried again later.
   */
  saveNow(value: unknown): void {
    if (this.#closed) return;
    this.#hurried += 1;
    try {
      writeStateFileNow(this.#path, value);
    } catch (error) {
      this.#failed(error);
    }
    this.save(value);
  }

  /** Resolves when all that was saved is on disk: true; or when writing it failed once more: false. */
  async flush(): Promise<boolean> {
    this.#start();
    while (this.#running !== null) await this.#running;
    return this.#waiting === null;
  }

  /** As flush; afterwards nothing is written any more: the file may be another process's by then. */
  async close(): Promise<boolean> {
    const written = await this.flush();
    this.#closed = true;
    this.#retry?.cancel();
    return written;
  }

  #start(): void {
    if (this.#running !== null || this.#waiting === null || this.#closed) return;
    this.#retry?.cancel();
    this.#retry = null;
    this.#running = this.#writeAll().finally(() => {
      this.#running = null;
      // What came between its last look and its end; what failed has its own time.
      if (this.#retry === null) this.#start();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== null) {
      const current = this.#waiting;
      const hurried = this.#hurried;
      this.#waiting = null;
      try {
        await this.#sweepOnce();
        await writeStateFile(this.#path, current.value, () => this.#hurried > hurried);
        this.#worked();
      } catch (error) {
        this.#waiting ??= current;
        this.#retry = this.#clock.setTimer(this.#clock.now() + RETRY_DELAY, () => this.#start());
        this.#failed(error);
        return;
      }
    }
  }

  #failed(error: unknown): void {
    if (!this.#failing) this.#onError(error);
    this.#failing = true;
  }

  #worked(): void {
    if (this.#failing) this.#onRecovery();
    this.#failing = false;
  }

  /** Temporary files of a process that was killed while it wrote. */
  async #sweepOnce(): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    const [folder, name] = [dirname(this.#path), basename(this.#path)];
    for (const entry of await readdir(folder)) {
      const left = entry.startsWith(`${name}.tmp-`) && !entry.startsWith(`${name}.${temporaryMark(process.pid)}`);
      if (left) await rm(join(folder, entry), { force: true });
    }
  }
}

function inEnvelope(value: unknown): string {
  return `${JSON.stringify({ version: STATE_VERSION, data: value })}\n`;
}

function temporaryPath(path: string): string {
  return `${path}.${temporaryMark(process.pid)}${randomBytes(6).toString('hex')}`;
}

function temporaryMark(pid: number): string {
  return `tmp-${pid}-`;
}

function readEnvelope(path: string): 'missing' | 'corrupt' | { readonly version: number; readonly data: unknown } {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof content !== 'object' || content === null) return 'corrupt';
    if (!('version' in content && typeof content.version === 'number' && content.version >= 1)) return 'corrupt';
    return 'data' in content ? { version: content.version, data: content.data } : newerOnly(content.version);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'missing';
    if (error instanceof SyntaxError || errorCode(error) === 'EISDIR') return 'corrupt';
    throw error;
  }
}

/** A newer version may keep its data under another name. */
function newerOnly(version: number): 'corrupt' | { readonly version: number; readonly data: unknown } {
  return version > STATE_VERSION ? { version, data: null } : 'corrupt';
}

/** A rename is durable when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
