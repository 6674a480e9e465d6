// All that the workers of one app write: into its files, into memory for `logs -n`, and to whoever follows. Files that
// are slower than the workers slow the workers down; no line is dropped while they can be written. (Cluster process.)

import type { LogSpec } from '../core/spec.ts';
import type { LogLine, LogSnapshot } from '../protocol/cluster-link.ts';
import { LogTargets, STREAMS, type StreamName, type TargetPorts } from './log-targets.ts';
import { eachLine } from './newline.ts';
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
  /** Writes what was read, for at most `deadline` milliseconds. */
  close(deadline?: number): Promise<void>;
}

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
  #timestamps: boolean;

  constructor(spec: LogSpec, ports: AppLogPorts) {
    this.#ports = ports;
    this.#timestamps = spec.timestamps;
    this.#targets = new LogTargets(spec, ports, () => this.#resume());
  }

  attach(worker: WorkerStreams): AttachedWorker {
    const output = new WorkerOutput(worker, (stream, lines) => this.#write(worker.slot, stream, lines));
    this.#workers.set(worker.key, output);
    for (const stream of STREAMS) {
      if (this.#targets.sinkOf(stream).full) output.pause(stream);
    }
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
    this.#timestamps = spec.timestamps;
    const closed = this.#targets.apply(spec, DEADLINE);
    // Those that wait for a sink that is no longer theirs.
    this.#resume();
    await closed;
  }

  async close(deadline = DEADLINE): Promise<void> {
    for (const output of this.#workers.values()) output.release();
    await this.#targets.close(deadline);
  }

  #write(slot: number, stream: StreamName, raw: Buffer): void {
    const lines = this.#timestamps ? stampLines(raw, this.#ports.now()) : raw;
    this.#ring.add(slot, stream, lines);
    if (this.#followers.size > 0) this.#tell(slot, stream, lines);
    if (!this.#targets.sinkOf(stream).write(lines)) this.#pause();
  }

  #tell(slot: number, stream: StreamName, lines: Buffer): void {
    eachLine(lines, (line) => {
      for (const listener of this.#followers) listener({ slot, stream, line });
    });
  }

  /** Every worker whose lines go to a full sink waits, not only the one that filled it. */
  #pause(): void {
    this.#eachStream((output, stream, full) => {
      if (full) output.pause(stream);
    });
  }

  #resume(): void {
    this.#eachStream((output, stream, full) => {
      if (!full) output.resume(stream);
    });
  }

  #eachStream(visit: (output: WorkerOutput, stream: StreamName, full: boolean) => void): void {
    for (const stream of STREAMS) {
      const { full } = this.#targets.sinkOf(stream);
      for (const output of this.#workers.values()) visit(output, stream, full);
    }
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
