// `restart.onUncaught: replace`: an exception that nobody handles does not end the worker at once. What it was thrown for
// fails, as it would in plain Node; the worker announces its end, answers its other requests until it is replaced, and
// ends with a code that says so. (worker)

import { inspect } from 'node:util';
import { describeThrown } from './short-text.ts';

/** Where no cluster process is left to replace the worker, one has this long to come. */
const PATIENCE = 60_000;
/** And the worker has this long for what is under way. */
const LAST_DRAIN = 10_000;
const FAILED = 1;

export interface UncaughtPorts {
  announce(reason: string): void;
  /** The cluster process is gone. */
  isOrphan(): boolean;
  /** Ends the request that the code which threw was running for. */
  cutCulprit(): void;
  drain(timeout: number): void;
}

export class UncaughtExceptions {
  readonly #ports: UncaughtPorts;
  /** The first one; null: all is well. */
  #reason: string | null = null;

  constructor(ports: UncaughtPorts) {
    this.#ports = ports;
  }

  /**
   * The listener that makes Node go on is added in the very moment in which it is needed, and only where the app has none:
   * so nobody sees it, and libraries that look whether others handle exceptions do what they would do in plain Node.
   */
  watch(): void {
    const handle = (error: unknown): void => this.#handle(error);
    process.on('uncaughtExceptionMonitor', () => {
      if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
      process.once('uncaughtException', handle);
    });
  }

  /** For a cluster process that has just come. */
  announceAgain(): void {
    if (this.#reason !== null) this.#ports.announce(this.#reason);
  }

  #handle(error: unknown): void {
    process.stderr.write(`${describe(error)}\n\nNode.js ${process.version}\n`);
    this.#ports.cutCulprit();
    if (this.#reason !== null) return;
    this.#reason = describeThrown(error);
    process.exitCode = FAILED;
    process.on('exit', (code) => {
      // The app's own goodbye does not know that anything was wrong.
      if (code === 0) process.exitCode = FAILED;
    });
    this.#ports.announce(this.#reason);
    setInterval(() => this.#endUnlessReplaced(), PATIENCE).unref();
  }

  #endUnlessReplaced(): void {
    if (!this.#ports.isOrphan()) return;
    this.#ports.drain(LAST_DRAIN);
    setTimeout(() => process.exit(FAILED), LAST_DRAIN).unref();
  }
}

/** What plain Node prints. */
function describe(error: unknown): string {
  return error instanceof Error ? inspect(error) : `Uncaught:\n${inspect(error)}`;
}
