// The manager's own log: every event as one line of JSON, in a file that rotates like all others. (Manager; the CLI
// reads it where no manager runs.)

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EvenkeelEvent } from '../core/events.ts';
import { type OpenRotatingFile, openRotatingFile } from './rotating-file.ts';
import { RotatingSink, type RotationSettings } from './rotating-sink.ts';
import { lastLinesOfFile } from './tail.ts';

const SETTINGS: RotationSettings = { maxSize: 10 * 1024 * 1024, schedule: null, keep: 5, compress: true };
const DEADLINE = 2_000;
/** It lies beside sockets and state, and says as much of the apps as they do. */
const MODE = 0o600;

export class EventLog {
  readonly #path: string;
  readonly #sink: RotatingSink;

  /** `path`: absolute. `onProblem` is told once when the log cannot be written and once when it can again. */
  constructor(path: string, onProblem: (message: string) => void) {
    this.#path = path;
    this.#sink = new RotatingSink({ path, settings: SETTINGS, onProblem, openFile: openInFolder });
  }

  append(event: EvenkeelEvent): void {
    this.#sink.write(Buffer.from(`${JSON.stringify(event)}\n`));
  }

  /** Has the file opened anew if somebody has removed it: else that is seen at the next event. */
  look(): void {
    this.#sink.write(Buffer.alloc(0));
  }

  /** At most the newest `count` events, oldest first, with all that were appended before. */
  async last(count: number): Promise<EvenkeelEvent[]> {
    await this.#sink.flush();
    return lastEvents(this.#path, count);
  }

  /** Waits at most `deadline` milliseconds. */
  async close(deadline = DEADLINE): Promise<void> {
    await this.#sink.close(deadline);
  }
}

/** The folder is private, and made by whoever knows how: it is not made here, with the usual mode. */
const openInFolder: OpenRotatingFile = async (options) => {
  try {
    await stat(dirname(options.path));
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)), rotating: false };
  }
  return await openRotatingFile({ ...options, mode: MODE });
};

/** At most the newest `count` events in the log at `path`, oldest first. Lines that are no events are left out. */
export async function lastEvents(path: string, count: number): Promise<EvenkeelEvent[]> {
  const lines = await lastLinesOfFile(path, count);
  return lines.map(parseEvent).filter((event) => event !== null);
}

function parseEvent(line: string): EvenkeelEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : null;
  } catch {
    return null;
  }
}

/** Only we write this file; a version that added events is read as far as it goes. */
function isEvent(value: unknown): value is EvenkeelEvent {
  if (typeof value !== 'object' || value === null) return false;
  return 'type' in value && typeof value.type === 'string' && 'time' in value && typeof value.time === 'string';
}
