// Writes lines to one file that rotates by size and by schedule. One loop owns the file, so a line is never torn by a
// rotation, a change of settings or a fault. (Cluster process and manager.)

import type { LogSpec } from '../core/spec.ts';
import { Archive } from './archive.ts';
import { Incident } from './incident.ts';
import { LineQueue } from './line-queue.ts';
import type { LineSink } from './line-sink.ts';
import { countLines } from './newline.ts';
import { listRotated, rotatedPath } from './rotated-files.ts';
import { type OpenRotatingFile, openRotatingFile, type RotatingFile, rotateNow, type WriteOutcome } from './rotating-file.ts';
import { RotationSchedule } from './rotation-schedule.ts';
import { errorText } from './system-error-code.ts';

export type RotationSettings = Pick<LogSpec, 'maxSize' | 'schedule' | 'keep' | 'compress'>;

export interface RotatingSinkOptions {
  /** Absolute. */
  readonly path: string;
  readonly settings: RotationSettings;
  readonly onDrain?: () => void;
  /** Told once when something goes wrong and once when it works again. */
  readonly onProblem: (message: string) => void;
  /** Milliseconds since the epoch, by the system's clock. */
  readonly now?: () => number;
  /** For tests: a file that fails. */
  readonly openFile?: OpenRotatingFile;
}

/** One write: large enough for the disk's full speed, small beside the memory of a cluster process. */
const BATCH = 256 * 1024;
const FULL = 1024 * 1024;
const DRAINED = 256 * 1024;
/** While the file cannot be written: so much is kept for later, and what comes on top is lost. */
const KEPT_IN_INCIDENT = 4 * 1024 * 1024;
const RETRY = { min: 100, max: 5_000 };
/** How often to look whether the path is still the open file. */
const LOOK_INTERVAL = 1_000;
const ROTATION_RETRY = 60_000;
const LINE_END = Buffer.from('\n');

export class RotatingSink implements LineSink {
  readonly #options: RotatingSinkOptions;
  readonly #now: () => number;
  readonly #openFile: OpenRotatingFile;
  readonly #queue = new LineQueue();
  readonly #archive: Archive;
  readonly #incident: Incident;
  readonly #schedule: RotationSchedule;
  #settings: RotationSettings;
  #file: RotatingFile | null = null;
  #loop: Promise<void> | null = null;
  /** Ends the wait before the next attempt. */
  #cutWait: (() => void) | null = null;
  #lastStamp: number | null = null;
  #lastLook = 0;
  #rotationDue = false;
  #reopenDue = false;
  /** After a rotation that failed: the file grows until this time, rather than that lines are lost. */
  #noRotationUntil = 0;
  /** The file ends in the middle of the line that the queue goes on with. */
  #midLine = false;
  #full = false;
  #closing = false;
  /** Bytes taken, and of these written or lost, since the sink was made. */
  #taken = 0;
  #settled = 0;
  #waiting: { readonly until: number; readonly resolve: () => void }[] = [];

  constructor(options: RotatingSinkOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#now = options.now ?? Date.now;
    this.#openFile = options.openFile ?? openRotatingFile;
    this.#archive = new Archive(options.path, options.settings, options.onProblem);
    this.#incident = new Incident(options.path, options.onProblem, this.#now);
    this.#schedule = new RotationSchedule(() => this.rotate(), this.#now);
    this.#schedule.set(options.settings.schedule);
    this.#wake();
  }

  get full(): boolean {
    return this.#full;
  }

  /** Bytes taken since the sink was made: a place in the stream for `sizeAt`. */
  get position(): number {
    return this.#taken;
  }

  /** The size that the live file had, or will have, when all up to `position` is in it; 0 for what is in rotated files. */
  sizeAt(position: number): number {
    return Math.max((this.#file?.size ?? 0) + position - this.#settled, 0);
  }

  write(lines: Buffer): boolean {
    if (this.#closing || (this.#incident.open && this.#queue.bytes + lines.length > KEPT_IN_INCIDENT)) {
      this.#incident.lost(countLines(lines));
      return true;
    }
    this.#queue.push(lines);
    this.#taken += lines.length;
    this.#full ||= this.#queue.bytes >= FULL && !this.#incident.open;
    this.#wake();
    return !this.#full;
  }

  /** Rotates the file, unless it is empty. */
  rotate(): void {
    this.#rotationDue = true;
    this.#wake();
  }

  apply(settings: RotationSettings): void {
    this.#reopenDue ||= settings.maxSize !== this.#settings.maxSize;
    this.#settings = settings;
    this.#schedule.set(settings.schedule);
    this.#archive.sweep(settings);
    this.#wake();
  }

  flush(): Promise<void> {
    if (this.#settled >= this.#taken || this.#incident.open) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ until: this.#taken, resolve }));
  }

  /** Resolves when, besides `flush`, no rotation, compression or removal is under way. */
  async idle(): Promise<void> {
    await this.#loop;
    await this.#archive.idle();
  }

  async close(deadline: number): Promise<void> {
    const end = performance.now() + deadline;
    this.#closing = true;
    this.#schedule.set(null);
    this.#cutWait?.();
    this.#wake();
    const inTime = await settlesWithin(deadline, this.#loop);
    if (!inTime || this.#queue.bytes > 0) this.#incident.lost(this.#queue.clear());
    this.#incident.gaveUp();
    this.#settle();
    if (inTime) await settlesWithin(deadline, this.#file?.close() ?? null);
    await this.#archive.close(Math.max(end - performance.now(), 0));
  }

  #wake(): void {
    this.#loop ??= this.#run().finally(() => {
      this.#loop = null;
      // Lines that came between its last look at the queue and its end.
      if (!this.#closing && this.#hasWork()) this.#wake();
    });
  }

  #hasWork(): boolean {
    return this.#queue.bytes > 0 || this.#rotationDue || this.#reopenDue;
  }

  async #run(): Promise<void> {
    do {
      const file = this.#file ?? (await this.#open());
      if (file === null) {
        if (this.#closing) return;
        await this.#wait();
      } else if (this.#rotationDue) {
        await this.#rotate(file);
      } else if (this.#reopenDue || (await this.#isStale(file))) {
        this.#reopenDue = false;
        this.#file = null;
        await file.close();
      } else {
        await this.#writeBatch(file);
      }
    } while (this.#file === null || this.#hasWork());
  }

  async #open(): Promise<RotatingFile | null> {
    const mayRotate = this.#now() >= this.#noRotationUntil;
    const outcome = await this.#openFile({ ...(await this.#fileOptions()), ...(mayRotate ? {} : { maxSize: null }) });
    if (outcome.kind === 'failed') {
      if (outcome.rotating && mayRotate) this.#rotationFailed(outcome.error);
      else this.#failed(outcome.error);
      return null;
    }
    const { file } = outcome;
    this.#file = file;
    this.#lastLook = this.#now();
    if (!this.#midLine && (await file.endsMidLine().catch(() => false))) this.#putBack(LINE_END);
    // Also finishes what a killed process left, and obeys a `keep` that was lowered while none ran.
    this.#archive.sweep();
    if (this.#queue.bytes === 0) this.#incident.worked();
    return file;
  }

  async #writeBatch(file: RotatingFile): Promise<void> {
    const maxSize = this.#settings.maxSize ?? Number.POSITIVE_INFINITY;
    const batch = this.#queue.take(Math.min(BATCH, Math.max(maxSize - file.size, 1)));
    if (batch.length === 0) return;
    await this.#after(await file.write(batch), file);
    this.#settle();
  }

  async #after(outcome: WriteOutcome, file: RotatingFile): Promise<void> {
    switch (outcome.kind) {
      case 'written':
        break;
      case 'rotated':
        this.#putBack(outcome.missing);
        this.#rotationWorked();
        break;
      case 'rotation-failed':
        this.#file = null;
        this.#rotationFailed(outcome.error);
        return;
      case 'failed':
        this.#file = null;
        this.#putBack(outcome.missing);
        this.#midLine = outcome.midLine;
        this.#failed(outcome.error);
        await file.close();
        return;
    }
    this.#midLine = false;
    this.#incident.worked();
  }

  async #rotate(file: RotatingFile): Promise<void> {
    this.#rotationDue = false;
    if (file.size === 0) return;
    this.#file = null;
    await file.close();
    const outcome = await rotateNow(await this.#fileOptions(), this.#openFile);
    if (outcome.kind === 'failed') this.#rotationFailed(outcome.error);
    else if (outcome.rotated) this.#rotationWorked();
  }

  async #isStale(file: RotatingFile): Promise<boolean> {
    if (Math.abs(this.#now() - this.#lastLook) < LOOK_INTERVAL) return false;
    this.#lastLook = this.#now();
    const rotationAgain = this.#noRotationUntil !== 0 && this.#now() >= this.#noRotationUntil;
    return rotationAgain || !(await file.isCurrent());
  }

  #rotationWorked(): void {
    if (this.#noRotationUntil !== 0) this.#options.onProblem(`rotating ${this.#options.path} again`);
    this.#noRotationUntil = 0;
    this.#archive.sweep();
  }

  #rotationFailed(error: Error): void {
    const { onProblem, path } = this.#options;
    if (this.#noRotationUntil === 0) onProblem(`cannot rotate ${path}: ${errorText(error)}; it grows until that is put right`);
    this.#noRotationUntil = this.#now() + ROTATION_RETRY;
  }

  #failed(error: Error): void {
    this.#incident.failed(errorText(error));
    // A worker must not hang for a disk that may stay full for hours.
    if (this.#incident.open) this.#settle();
  }

  async #wait(): Promise<void> {
    const delay = this.#incident.delay(RETRY);
    if (delay === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      timer.unref();
      this.#cutWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#cutWait = null;
  }

  #putBack(bytes: Buffer): void {
    this.#queue.putBack(bytes);
  }

  /** Tells those who wait for the queue to get shorter. */
  #settle(): void {
    this.#settled = this.#taken - this.#queue.bytes;
    const isDue = (until: number): boolean => until <= this.#settled || this.#incident.open;
    const due = this.#waiting.filter(({ until }) => isDue(until));
    this.#waiting = this.#waiting.filter(({ until }) => !isDue(until));
    for (const { resolve } of due) resolve();
    if (this.#full && (this.#queue.bytes <= DRAINED || this.#incident.open)) {
      this.#full = false;
      this.#options.onDrain?.();
    }
  }

  async #fileOptions() {
    const { path } = this.#options;
    this.#lastStamp ??= (await listRotated(path).catch(() => [])).at(-1)?.time ?? 0;
    const nextName = (): string => {
      this.#lastStamp = Math.max(this.#now(), (this.#lastStamp ?? 0) + 1);
      return rotatedPath(path, this.#lastStamp);
    };
    return { path, maxSize: this.#settings.maxSize, nextName };
  }
}

/** False at the deadline, in milliseconds. */
async function settlesWithin(deadline: number, work: Promise<void> | null): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), deadline);
  });
  const done = Promise.resolve(work).then(() => true);
  const inTime = await Promise.race([done, late]);
  clearTimeout(timer);
  return inTime;
}
