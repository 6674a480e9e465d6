// The lines that the workers of an app wrote and write.

import type { ControlClient } from '../platform/control-client.ts';
import type { LogStream, ShownLine } from './merge-lines.ts';
import { pastLines } from './past-lines.ts';

export interface LogOptions {
  /** How many that are past; default 20. */
  readonly last?: number;
  /** Default true: ends only with the app, or by leaving the loop. */
  readonly follow?: boolean;
  /** Default: both. */
  readonly stream?: LogStream;
  /** Lines were left out because they came faster than they were taken. */
  readonly onSkipped?: (lines: number) => void;
  readonly signal?: AbortSignal;
}

export interface LogEntry extends ShownLine {
  readonly app: string;
}

const USUAL_COUNT = 20;
/** What the manager gives at most: lines of both streams are remembered together. */
const ALL_REMEMBERED = 10_000;

/** @internal */
export async function* readLogs(client: ControlClient, app: string, options: LogOptions): AsyncGenerator<LogEntry> {
  const { last = USUAL_COUNT, follow = true, stream, onSkipped, signal } = options;
  const streams: readonly LogStream[] = stream === undefined ? ['stdout', 'stderr'] : [stream];
  const n = stream === undefined ? last : ALL_REMEMBERED;
  for await (const message of client.logs(app, { n, follow, ...(signal === undefined ? {} : { signal }) })) {
    if (message.type === 'skipped') onSkipped?.(message.lines);
    else if (message.type === 'snapshot') {
      for (const line of await pastLines(message, streams, last)) yield { app, ...line };
    } else if (streams.includes(message.stream)) {
      yield { app, slot: message.slot, stream: message.stream, line: message.line };
    }
  }
}
