#!/usr/bin/env node
// CLI: the program `evenkeel`. Binds a run to this process: its streams, its signals, its exit code.

import { entryPoint } from '../platform/entry-points.ts';
import { errorCode } from '../platform/system-error.ts';
import type { Surroundings } from './context.ts';
import { reportUnwritten, runCli } from './run-cli.ts';

const outputClosed = new AbortController();
/** What kept stdout from being written, as a full disk does. */
let unwritten: Error | null = null;

// `evenkeel status | head`: the reader has had enough. What is under way goes on and its exit code stays true.
process.stdout.on('error', (error) => {
  if (errorCode(error) !== 'EPIPE') unwritten ??= error;
  outputClosed.abort();
});
// Results are not there; and there is no other place to complain.
process.stderr.on('error', () => outputClosed.abort());

/** Known from when the command is over. */
let exitCode: number | null = null;

function onInterrupt(listener: (signal: NodeJS.Signals) => void): () => void {
  let isWanted = true;
  const pass = (signal: NodeJS.Signals): void => {
    if (isWanted) listener(signal);
  };
  process.on('SIGINT', pass).on('SIGTERM', pass);
  return () => {
    isWanted = false;
    // Without a listener a signal ends the process by itself: what comes next in this turn has its own by then.
    setImmediate(() => process.off('SIGINT', pass).off('SIGTERM', pass));
  };
}

function onOrder(listener: (signal: NodeJS.Signals) => void): () => void {
  const orders: NodeJS.Signals[] = ['SIGUSR1', 'SIGUSR2'];
  // A terminal that is closed sends it, too, and means the end by it. To look at stdin takes a while: only where it matters.
  if (!process.stdin.isTTY) orders.push('SIGHUP');
  for (const signal of orders) process.on(signal, listener);
  return () => {
    for (const signal of orders) process.off(signal, listener);
  };
}

function settle(code: number): void {
  if (exitCode === null) process.on('SIGINT', () => process.exit(exitCode ?? code));
  exitCode = code;
}

/** No await at the top level: then the program can be built as CommonJS too, which Node starts faster. */
async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const surroundings: Surroundings = {
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    outputClosed: outputClosed.signal,
    ...{ onInterrupt, onOrder, settle },
    program: entryPoint,
    now: () => Date.now(),
  };
  const code = await runCli(args, surroundings);
  // Writes to pipes may still be on their way on some systems.
  await flush(process.stdout);
  const end = unwritten === null ? code : await reportUnwritten(args, surroundings, unwritten, code);
  await flush(process.stderr);
  process.exit(end);
}

function flush(stream: NodeJS.WriteStream): Promise<unknown> {
  return new Promise((resolve) => stream.write('', resolve));
}

void main();
