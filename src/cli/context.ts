// CLI: what a command has to work with. Everything outside the process comes through here, so tests put in their own.

import type { ProgramName } from '../platform/entry-points.ts';
import type { Style } from './style.ts';

export interface TextOutput {
  /** Drops the text when the reader has left. */
  write(text: string): void;
  readonly isTTY: boolean;
  /** Size of the terminal in characters. */
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

/** The stream behind a TextOutput, as Node has it. */
export interface RawOutput {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface GlobalOptions {
  /** --config or EVENKEEL_CONFIG, as given. */
  readonly config: string | null;
  readonly profile: string | null;
  readonly json: boolean;
  readonly color: boolean;
  /** Nothing but results and errors; so it is with --json, too. */
  readonly quiet: boolean;
}

/** What the process gives to a run of the CLI. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: RawOutput;
  readonly stderr: RawOutput;
  /** Aborted when nobody reads stdout any more. */
  readonly outputClosed: AbortSignal;
  /** Calls the listener for each SIGINT or SIGTERM from now on; returns the way to stop that. */
  readonly onInterrupt: (listener: (signal: NodeJS.Signals) => void) => () => void;
  /** The same for SIGHUP (without a terminal), SIGUSR1 and SIGUSR2, which ask a manager for something. */
  readonly onOrder: (listener: (signal: NodeJS.Signals) => void) => () => void;
  /** The exit code is known, and what led to it is about to be told: SIGINT ends the process with it from now on. */
  readonly settle: (code: number) => void;
  /** The absolute path of one of our other programs, built. */
  readonly program: (name: ProgramName) => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Context extends Omit<Surroundings, 'stdout' | 'stderr' | 'settle'> {
  readonly globals: GlobalOptions;
  readonly out: TextOutput;
  readonly err: TextOutput;
}
