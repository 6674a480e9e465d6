// All that the workers of one app write: into its files, into memory for `logs -n`, and to whoever follows. Files that
// are slower than the workers slow the workers down, unless it is asked for that lines are dropped; no other line is lost
// while they can be written. (Cluster process.)

import { setImmediate as turn } from 'node:timers/promises';
import { type Deferred, deferred } from '../core/deferred.ts';
import type { LogSpec } from '../core/spec.ts';
import type { LogLine, LogSnapshot } from '../protocol/cluster-link.ts';
import { DroppedLines } from './dropped-lines.ts';
import { linesLost } from './incident.ts';
import { LogTargets, STREAMS, type StreamName, type TargetPorts } from './log-targets.ts';
import { countLines, eachLine } from './newline.ts';
import { LineRing } from './ring.ts';
import { stampLines } from './stamp-lines.ts';
import { endsWithin } from './within.ts';
import { WorkerOutput, type WorkerStreams } from './worker-output.ts';

export type AppLogPorts = TargetPorts;

const REMEMBERED = { maxLines: 1000, maxBytes: 256 * 1024 };
/** Workers that have ended whose last lines are still kept. */
const ENDED_KEPT = 16;
/** For a disk that hangs, in milliseconds. */
const DEADLINE = 5_000;
/** For counting what could not be written by then, in milliseconds: whoever still writes might never come to an end. */
const COUNTING = 500;

export interface AttachedWorker {
  /**
   * Resolves when both streams have ended and all they brought is written. A child that the worker left behind can hold
   * them open for as long as it lives: wait with a deadline.
   */
  readonly ended: Promise<void>;
}

export interface AppLogs {
  /** Reads the streams to their ends. */
  attach(worker: WorkerStreams): AttachedWorker;
  /** What the worker with this key wrote last, stdout and stderr in the order they came; without timestamps. */
  lastLines(key: number, count?: number): string[];
  /** Calls `onMatch` once, with the first line of this worker from now on that matches. Gives the way to cancel that. */
  watchLine(key: number, pattern: RegExp, onMatch: (line: string) => void): () => void;
  /**
   * The newest lines at the moment of the call: `follow` called in the same breath misses none and repeats none.
   * Resolves when these lines are in the files.
   */
  snapshot(count: number): Promise<LogSnapshot>;
  /** Gives the way to stop. */
  follow(listener: (line: LogLine) => void): () => void;
  /** Changes the settings without losing a line; resolves when files no longer used are closed. One call at a time. */
  apply(spec: LogSpec): Promise<void>;
  /**
   * For when the workers have ended: reads what is left in their pipes and writes it, for at most `deadline` milliseconds.
   * Tells how many lines are lost by then.
   */
  close(deadline?: number): Promise<void>;
}

/** How lines are dealt with: as the settings say; with nobody left to be slowed down; with no time left. */
type Mode = 'running' | 'closing' | 'late';

export function openAppLogs(spec: LogSpec, ports: AppLogPorts): AppLogs {
  return new OpenAppLogs(spec, ports);
}

class OpenAppLogs implements AppLogs {
  readonly #ports: AppLogPorts;
  readonly #targets: LogTargets;
  readonly #ring = new LineRing(REMEMBERED);
  readonly #workers = new Map<number, WorkerOutput>();
  readonly #ended: number[] = [];
  readonly #followers = new Set<(line: LogLine) => void>();
  readonly #dropped: Readonly<Record<StreamName, DroppedLines>>;
  readonly #late: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #spec: LogSpec;
  #mode: Mode = 'running';
  /** Resolves when a sink that was full is not any more. */
  #room: Deferred<void> = deferred();

  constructor(spec: LogSpec, ports: AppLogPorts) {
    this.#ports = ports;
    this.#spec = spec;
    const dropped = (stream: StreamName) => new DroppedLines((message) => ports.onProblem(stream, message));
    this.#dropped = { stdout: dropped('stdout'), stderr: dropped('stderr') };
    this.#targets = new LogTargets(spec, ports, () => this.#resume());
  }

  attach(worker: WorkerStreams): AttachedWorker {
    const output = new WorkerOutput(worker, (stream, lines) => this.#write(worker.slot, stream, lines));
    this.#workers.set(worker.key, output);
    for (const stream of STREAMS) if (this.#mustWait(stream)) output.pause(stream);
    return { ended: this.#whenEnded(worker.key, output) };
  }

  lastLines(key: number, count = 20): string[] {
    return this.#workers.get(key)?.lastLines(count) ?? [];
  }

  watchLine(key: number, pattern: RegExp, onMatch: (line: string) => void): () => void {
    return this.#workers.get(key)?.watch(pattern, onMatch) ?? (() => undefined);
  }

  async snapshot(count: number): Promise<LogSnapshot> {
    const lines = this.#ring.newest(count);
    const marks = this.#targets.mark();
    await endsWithin(DEADLINE, this.#targets.flush());
    return { lines, files: marks.map(({ stream, path, size }) => ({ stream, path, size: size() })) };
  }

  follow(listener: (line: LogLine) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  async apply(spec: LogSpec): Promise<void> {
    this.#spec = spec;
    const closed = this.#targets.apply(spec, DEADLINE);
    // Those that wait for a sink that is no longer theirs, or wait no longer.
    this.#resume();
    this.#pause();
    await closed;
  }

  async close(deadline = DEADLINE): Promise<void> {
    const end = performance.now() + deadline;
    this.#mode = 'closing';
    this.#pause();
    const reading = this.#readRest();
    if (!(await endsWithin(deadline, reading))) {
      this.#mode = 'late';
      this.#resume();
      await endsWithin(COUNTING, reading);
    }
    for (const output of this.#workers.values()) output.release();
    for (const stream of STREAMS) {
      this.#dropped[stream].close();
      const late = this.#late[stream];
      if (late > 0)
        this.#ports.onProblem(stream, `was not written within ${deadline} ms at the end; ${linesLost(late)}`);
    }
    await this.#targets.close(Math.max(end - performance.now(), 0));
  }

  /** Resolves when each stream has ended or is empty: what holds it open then, and may write later, is no worker. */
  async #readRest(): Promise<void> {
    let before: number;
    do {
      while (STREAMS.some((stream) => this.#mustWait(stream))) await this.#room.promise;
      before = this.#heard();
      // The first turn may be over before it comes to the pipes: the second one reads what is in them.
      await turn();
      await turn();
    } while (this.#heard() !== before || STREAMS.some((stream) => this.#mustWait(stream)));
  }

  #heard(): number {
    return [...this.#workers.values()].reduce((sum, { heard }) => sum + heard, 0);
  }

  #write(slot: number, stream: StreamName, raw: Buffer): void {
    const lines = this.#spec.timestamps ? stampLines(raw, this.#ports.now()) : raw;
    this.#ring.add(slot, stream, lines);
    if (this.#followers.size > 0) this.#tell(slot, stream, lines);
    const sink = this.#targets.sinkOf(stream);
    if (this.#mode === 'late') this.#late[stream] += countLines(lines);
    else if (sink.full && this.#drops) this.#dropped[stream].add(countLines(lines));
    else if (!sink.write(lines)) this.#pause();
  }

  get #drops(): boolean {
    return this.#spec.onSlow === 'drop' && this.#mode === 'running';
  }

  #mustWait(stream: StreamName): boolean {
    return this.#targets.sinkOf(stream).full && this.#mode !== 'late' && !this.#drops;
  }

  #tell(slot: number, stream: StreamName, lines: Buffer): void {
    eachLine(lines, (line) => {
      for (const listener of this.#followers) listener({ slot, stream, line });
    });
  }

  /** Every worker whose lines go to a full sink waits, not only the one that filled it. */
  #pause(): void {
    for (const stream of STREAMS) {
      if (this.#mustWait(stream)) for (const output of this.#workers.values()) output.pause(stream);
    }
  }

  #resume(): void {
    for (const stream of STREAMS) {
      if (!this.#mustWait(stream)) for (const output of this.#workers.values()) output.resume(stream);
    }
    this.#room.resolve();
    this.#room = deferred();
  }

  async #whenEnded(key: number, output: WorkerOutput): Promise<void> {
    await output.ended;
    await this.#targets.flush();
    this.#ended.push(key);
    if (this.#ended.length <= ENDED_KEPT) return;
    const oldest = this.#ended.shift();
    if (oldest !== undefined) this.#workers.delete(oldest);
  }
}
