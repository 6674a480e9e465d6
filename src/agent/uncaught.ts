// `restart.onUncaught: replace`: an exception that nobody handles does not end the worker at once. It asks for its
// replacement, answers what other requests it has, and ends when it has drained. (worker)

import { inspect } from 'node:util';

/** A replacement has this long to come; then the worker drains by itself. */
const PATIENCE = 60_000;
/** And has this long for it. */
const LAST_DRAIN = 10_000;

export interface UncaughtPorts {
  askReplacement(reason: string): void;
  drain(timeout: number): void;
}

export function replaceOnUncaught(ports: UncaughtPorts): void {
  let hasFailed = false;
  process.on('uncaughtException', (error: unknown) => {
    // The app has a handler of its own, as plain Node would want it: its business.
    if (process.listenerCount('uncaughtException') > 1) return;
    process.stderr.write(`${describe(error)}\n\nNode.js ${process.version}\n`);
    process.exitCode = 1;
    if (hasFailed) return;
    hasFailed = true;
    ports.askReplacement(`an exception was not caught: ${firstLine(error)}`);
    setTimeout(() => {
      ports.drain(LAST_DRAIN);
      setTimeout(() => process.exit(1), LAST_DRAIN).unref();
    }, PATIENCE).unref();
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? inspect(error) : `Uncaught:\n${inspect(error)}`;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
  return text.split('\n', 1)[0] ?? '';
}
