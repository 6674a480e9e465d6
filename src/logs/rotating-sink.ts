// Writes lines to one file that rotates by size and by schedule. One loop owns the file, so a line is never torn by a
// rotation, a change of settings or a fault. (Cluster process and manager.)

import type { LogSpec } from '../core/spec.ts';
import { Archive } from './archive.ts';
import { Incident } from './incident.ts';
import { LineQueue } from './line-queue.ts';
import type { LineSink } from './line-sink.ts';
import { countLines } from './newline.ts';
import { Pause } from './pause.ts';
import {
  type OpenRotatingFile,
  openRotatingFile,
  type RotatingFile,
  type RotatingFileOptions,
  rotateNow,
  type WriteOutcome,
} from './rotating-file.ts';
import { RotationFault } from './rotation-fault.ts';
import { RotationSchedule } from './rotation-schedule.ts';
import { type FileAccess, isSameAccess, placeFault } from './safe-place.ts';
import { SinkProgress } from './sink-progress.ts';
import { errorText } from './system-error-code.ts';
import { endsWithin } from './within.ts';

export type RotationSettings = Pick<LogSpec, 'maxSize' | 'schedule' | 'keep' | 'compress'> & Partial<FileAccess>;

export interface RotatingSinkOptions {
  /** Absolute. */
  readonly path: string;
  readonly settings: RotationSettings;
  readonly onDrain?: () => void;
  /** Told once when something goes wrong and once when it works again. */
  readonly onProblem: (message: string) => void;
  /** Milliseconds since the epoch, by the system's clock. */
  readonly now?: () => number;
  /** For a file of another kind. */
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
const LINE_END = Buffer.from('\n');

export class RotatingSink implements LineSink {
  readonly #options: RotatingSinkOptions;
  readonly #now: () => number;
  readonly #openFile: OpenRotatingFile;
  readonly #queue = new LineQueue();
  readonly #progress = new SinkProgress();
  readonly #archive: Archive;
  readonly #incident: Incident;
  readonly #rotationFault: RotationFault;
  readonly #schedule: RotationSchedule;
  /** Before the next attempt. */
  readonly #pause = new Pause();
  #settings: RotationSettings;
  #file: RotatingFile | null = null;
  #loop: Promise<void> | null = null;
  #lastLook = 0;
  #rotationDue: boolean = false;
  #reopenDue: boolean = false;
  /** The file ends in the middle of the line that the queue goes on with. */
  #midLine: boolean = false;
  #full: boolean = false;
  #closing: boolean = false;

  constructor(options: RotatingSinkOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#now = options.now ?? Date.now;
    this.#openFile = options.openFile ?? openRotatingFile;
    this.#archive = new Archive(options.path, options.settings, this.#now, options.onProblem);
    this.#incident = new Incident(options.path, options.onProblem, this.#now);
    this.#rotationFault = new RotationFault(options.path, options.onProblem, this.#now);
    this.#schedule = new RotationSchedule(() => this.rotate(), this.#now);
    this.#schedule.set(options.settings.schedule);
    this.#wake();
  }

  get full(): boolean {
    return this.#full;
  }

  /** A place in the stream, for `sizeAt`. */
  get position(): number {
    return this.#progress.taken;
  }

  /** The size of the live file with everything up to `position` in it; 0 for what is in rotated files by now. */
  sizeAt(position: number): number {
    return this.#progress.sizeAt(position);
  }

  write(lines: Buffer): boolean {
    if (this.#closing || (this.#incident.open && this.#queue.bytes + lines.length > KEPT_IN_INCIDENT)) {
      this.#incident.lost(countLines(lines));
      return true;
    }
    this.#queue.push(lines);
    this.#progress.take(lines.length);
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
    const isSame = isSameAccess(settings, this.#settings);
    this.#reopenDue ||= settings.maxSize !== this.#settings.maxSize || !isSame;
    this.#settings = settings;
    this.#schedule.set(settings.schedule);
    this.#archive.apply(settings, isSame);
    this.#wake();
  }

  flush(): Promise<void> {
    return this.#incident.open ? Promise.resolve() : this.#progress.reached();
  }

  /** Resolves when, besides `flush`, no rotation, compression or removal is under way. */
  async idle(): Promise<void> {
    await this.#loopEnd();
    await this.#archive.idle();
  }

  async close(deadline: number): Promise<void> {
    const end = performance.now() + deadline;
    this.#closing = true;
    this.#schedule.set(null);
    this.#pause.cut();
    this.#wake();
    const inTime = await endsWithin(deadline, this.#loopEnd());
    this.#incident.lost(this.#queue.clear());
    this.#incident.gaveUp(inTime);
    this.#settle();
    const left = (): number => Math.max(end - performance.now(), 0);
    if (inTime) await endsWithin(left(), this.#file?.close() ?? null);
    await this.#archive.close(left());
  }

  #wake(): void {
    this.#loop ??= this.#run().finally(() => {
      this.#loop = null;
      // Lines that came between its last look at the queue and its end.
      if (this.#hasWork() && !this.#givenUp) this.#wake();
    });
  }

  async #loopEnd(): Promise<void> {
    while (this.#loop !== null) await this.#loop;
  }

  get #givenUp(): boolean {
    return this.#closing && this.#incident.open;
  }

  #hasWork(): boolean {
    return this.#queue.bytes > 0 || this.#rotationDue || this.#reopenDue;
  }

  async #run(): Promise<void> {
    do {
      const { failures } = this.#incident;
      await this.#step();
      if (this.#incident.failures > failures) {
        if (this.#givenUp) return;
        await this.#pause.wait(this.#incident.delay(RETRY));
      }
    } while (this.#file === null || this.#hasWork());
  }

  async #step(): Promise<void> {
    const file = this.#file;
    if (file === null) {
      await this.#open();
    } else if (this.#reopenDue || (await this.#isStale(file))) {
      this.#reopenDue = false;
      this.#file = null;
      await file.close();
    } else if (this.#rotationDue && !this.#midLine) {
      await this.#rotate(file);
    } else {
      await this.#writeBatch(file);
    }
  }

  get #fileOptions(): RotatingFileOptions {
    const { maxSize, group = null } = this.#settings;
    return { path: this.#options.path, maxSize, nextName: this.#archive.nextName, group };
  }

  async #open(): Promise<void> {
    const fault = await placeFault(this.#options.path, this.#settings.trusted ?? null);
    if (fault !== null) return this.#failed(fault);
    await this.#archive.open();
    const options = this.#fileOptions;
    const outcome = await this.#openFile(this.#rotationFault.open ? { ...options, maxSize: null } : options);
    if (outcome.kind === 'failed') return this.#openFailed(outcome);
    const { file, rotated } = outcome;
    this.#file = file;
    this.#lastLook = this.#now();
    if (rotated) this.#archive.rotated();
    if (!this.#midLine && (await file.endsMidLine())) this.#queue.putBack(LINE_END);
    if (this.#queue.bytes === 0) this.#incident.worked();
    this.#settle();
  }

  async #writeBatch(file: RotatingFile): Promise<void> {
    const { maxSize } = this.#settings;
    const rotates = maxSize !== null && !this.#rotationFault.open;
    const batch = this.#queue.take(rotates ? Math.min(BATCH, Math.max(maxSize - file.size, 1)) : BATCH);
    if (batch.length === 0) return;
    await this.#after(await file.write(batch), file);
    this.#queue.settled();
    this.#settle();
  }

  async #after(outcome: WriteOutcome, file: RotatingFile): Promise<void> {
    switch (outcome.kind) {
      case 'written':
        break;
      case 'rotated':
        this.#queue.putBack(outcome.missing);
        this.#rotationWorked();
        break;
      case 'rotation-failed':
        this.#file = null;
        this.#rotationFault.failed(errorText(outcome.error));
        return;
      case 'failed':
        this.#file = null;
        this.#queue.putBack(outcome.missing);
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
    const outcome = await rotateNow(this.#fileOptions, this.#openFile);
    if (outcome.kind === 'failed') this.#openFailed(outcome);
    else if (outcome.rotated) this.#rotationWorked();
  }

  async #isStale(file: RotatingFile): Promise<boolean> {
    const now = this.#now();
    if (Math.abs(now - this.#lastLook) < LOOK_INTERVAL) return false;
    this.#lastLook = now;
    this.#rotationDue ||= this.#rotationFault.retryDue;
    if (await file.isCurrent()) return false;
    this.#options.onProblem(`${this.#options.path} was moved, removed or truncated by another program; opened it anew`);
    return true;
  }

  #rotationWorked(): void {
    this.#rotationFault.worked();
    this.#archive.rotated();
  }

  #openFailed(outcome: { readonly error: Error; readonly rotating: boolean }): void {
    if (outcome.rotating) this.#rotationFault.failed(errorText(outcome.error));
    else this.#failed(outcome.error);
  }

  #failed(error: Error): void {
    this.#incident.failed(errorText(error));
    if (this.#incident.open) this.#settle();
  }

  /** Tells those who wait for the queue to get shorter. */
  #settle(): void {
    this.#progress.settle(this.#queue.bytes, this.#file?.size ?? null);
    // A worker must not hang for a disk that may stay full for hours.
    if (this.#incident.open) this.#progress.releaseAll();
    if (this.#full && (this.#queue.bytes <= DRAINED || this.#incident.open)) {
      this.#full = false;
      this.#options.onDrain?.();
    }
  }
}
