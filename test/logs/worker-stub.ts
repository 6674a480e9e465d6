// The streams of a worker that does only what a test says.

import { PassThrough } from 'node:stream';
import type { WorkerStreams } from '../../src/logs/worker-output.ts';

export interface WorkerStub extends WorkerStreams {
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  /** Ends both streams, as the death of the process does. */
  end(): void;
}

let keys = 0;

export function workerStub(slot: number): WorkerStub {
  keys += 1;
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  return {
    key: keys,
    slot,
    stdout,
    stderr,
    end() {
      stdout.end();
      stderr.end();
    },
  };
}
