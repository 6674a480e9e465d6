// A rotating sink on a folder of its own, and writers that number their lines.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { RotatingSink, type RotatingSinkOptions, type RotationSettings } from '../../src/logs/rotating-sink.ts';
import { tempDir } from '../support/temp-dir.ts';

export const PLAIN: RotationSettings = { maxSize: null, schedule: null, keep: 1000, compress: false };

export interface SinkRig {
  readonly path: string;
  readonly sink: RotatingSink;
  readonly problems: string[];
  /** Resolves at the next drain. */
  drained(): Promise<void>;
}

export function openSink(
  settings: Partial<RotationSettings> = {},
  options: Partial<RotatingSinkOptions> = {},
): SinkRig {
  const path = options.path ?? join(tempDir(), 'logs', 'web.log');
  const problems: string[] = [];
  let waiting: (() => void)[] = [];
  const sink = new RotatingSink({
    ...options,
    path,
    settings: { ...PLAIN, ...settings },
    onProblem: (message) => problems.push(message),
    onDrain: () => {
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  });
  onTestFinished(() => sink.close(1_000));
  return { path, sink, problems, drained: () => new Promise((resolve) => waiting.push(resolve)) };
}

/** Lines `<writer> <n> xxx` of differing lengths, for n from `from` to `to` exclusive. */
export function numberedLines(writer: string, from: number, to: number): Buffer {
  const lines: string[] = [];
  for (let n = from; n < to; n += 1) lines.push(`${writer} ${n} ${'x'.repeat((n * 7) % 120)}\n`);
  return Buffer.from(lines.join(''));
}

/** Writes `count` numbered lines, some at a time, as fast as the sink takes them. */
export async function writeNumbered(rig: SinkRig, writer: string, count: number, lot = 50): Promise<void> {
  for (let n = 0; n < count; n += lot) {
    if (!rig.sink.write(numberedLines(writer, n, Math.min(n + lot, count)))) await rig.drained();
    // Lets the other writers in.
    else if (n % (lot * 4) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
