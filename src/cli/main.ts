#!/usr/bin/env node
// CLI: the program `evenkeel`. Binds a run to this process: its streams, its signals, its exit code.

import { entryPoint } from '../platform/entry-points.ts';
import { errorCode } from '../platform/system-error.ts';
import { runCli } from './run-cli.ts';

const outputClosed = new AbortController();

// `evenkeel status | head`: the reader has had enough. What is under way goes on and its exit code stays true.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (errorCode(error) !== 'EPIPE') throw error;
    outputClosed.abort();
  });
}

function onInterrupt(listener: (signal: NodeJS.Signals) => void): () => void {
  process.on('SIGINT', listener).on('SIGTERM', listener);
  return () => process.off('SIGINT', listener).off('SIGTERM', listener);
}

/** No await at the top level: then the program can be built as CommonJS too, which Node starts faster. */
async function main(): Promise<void> {
  const code = await runCli(process.argv.slice(2), {
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    outputClosed: outputClosed.signal,
    onInterrupt,
    program: entryPoint,
    now: () => Date.now(),
  });
  // Writes to pipes may still be on their way on some systems.
  await Promise.all([process.stdout, process.stderr].map(flush));
  process.exit(code);
}

function flush(stream: NodeJS.WriteStream): Promise<unknown> {
  return new Promise((resolve) => stream.write('', resolve));
}

void main();
