// The two output streams of one worker: framed into lines, remembered for the message of its failure, watched for the
// line that makes it ready. (Cluster process.)

import { finished, type Readable } from 'node:stream';
import { lastWords } from './last-words.ts';
import { LineFramer } from './line-framer.ts';
import { STREAMS, type StreamName } from './log-targets.ts';
import { eachLine } from './newline.ts';
import { LineRing } from './ring.ts';

export interface WorkerStreams {
  /** Tells this worker from all others of the app, those of the same slot too. */
  readonly key: number;
  readonly slot: number;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

/** Enough for "the last 20 lines" and the beginning of what they are about, per worker. */
const REMEMBERED = { maxLines: 200, maxBytes: 16 * 1024 };
/** Of a line that is not finished, which may be long. */
const LONGEST_PARTIAL = 4 * 1024;

interface Watcher {
  readonly pattern: RegExp;
  readonly onMatch: (line: string) => void;
}

export class WorkerOutput {
  readonly slot: number;
  /** Resolves when both streams have ended and their last lines were handed on. */
  readonly ended: Promise<void>;
  readonly #streams: Readonly<Record<StreamName, Readable | null>>;
  readonly #framers: Readonly<Record<StreamName, LineFramer>>;
  readonly #ring = new LineRing(REMEMBERED);
  readonly #watchers = new Set<Watcher>();
  #heard = 0;

  /** `onLines` gets whole lines, as the worker wrote them. */
  constructor(worker: WorkerStreams, onLines: (stream: StreamName, lines: Buffer) => void) {
    this.slot = worker.slot;
    this.#streams = { stdout: worker.stdout, stderr: worker.stderr };
    const framer = (stream: StreamName): LineFramer =>
      new LineFramer((lines) => {
        this.#ring.add(worker.slot, stream, lines);
        onLines(stream, lines);
        if (this.#watchers.size > 0) this.#look(lines);
      });
    this.#framers = { stdout: framer('stdout'), stderr: framer('stderr') };
    this.ended = Promise.all(STREAMS.map((stream) => this.#read(stream))).then(() => undefined);
  }

  /** Grows with everything that comes from the streams, their ends too. */
  get heard(): number {
    return this.#heard;
  }

  pause(stream: StreamName): void {
    this.#streams[stream]?.pause();
  }

  resume(stream: StreamName): void {
    this.#streams[stream]?.resume();
  }

  /**
   * At most the newest `count` lines, oldest first, with those that it has not finished, and with the line that begins the
   * error that they are about.
   */
  lastLines(count: number): string[] {
    const partial = STREAMS.map((stream) => this.#framers[stream].partial)
      .filter((bytes) => bytes.length > 0)
      .map((bytes) => bytes.subarray(-LONGEST_PARTIAL).toString());
    const whole = this.#ring.newest(REMEMBERED.maxLines).map(({ line }) => line);
    return lastWords([...whole, ...partial], count);
  }

  /** Calls `onMatch` once, with the first line from now on that matches. */
  watch(pattern: RegExp, onMatch: (line: string) => void): () => void {
    // A `g` or `y` pattern would remember where it stopped in the line before.
    const watcher = { pattern: new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')), onMatch };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Reads no more, and ends the lines that are not finished. */
  release(): void {
    for (const stream of STREAMS) {
      this.#streams[stream]?.removeAllListeners('data').pause();
      this.#framers[stream].end();
    }
  }

  #read(name: StreamName): Promise<void> {
    const stream = this.#streams[name];
    const framer = this.#framers[name];
    if (stream === null) return Promise.resolve();
    return new Promise((resolve) => {
      stream.on('data', (chunk: Buffer) => {
        this.#heard += 1;
        framer.push(chunk);
      });
      // An error ends the stream as well: what came before it is all there is.
      finished(stream, { writable: false }, () => {
        this.#heard += 1;
        framer.end();
        resolve();
      });
    });
  }

  #look(lines: Buffer): void {
    eachLine(lines, (line) => {
      for (const watcher of this.#watchers) {
        if (!watcher.pattern.test(line)) continue;
        this.#watchers.delete(watcher);
        watcher.onMatch(line);
      }
    });
  }
}
