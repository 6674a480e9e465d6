// Runs the CLI in this process, with streams that remember what was written.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawOutput, Surroundings } from '../../../src/cli/context.ts';
import { runCli } from '../../../src/cli/run-cli.ts';
import { entryPoint } from '../../../src/platform/entry-points.ts';
import { tempDir } from '../../support/temp-dir.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly now?: number;
  readonly program?: Surroundings['program'];
  readonly outputClosed?: AbortSignal;
}

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunningCli {
  readonly done: Promise<Run>;
  /** As Ctrl-C does. */
  interrupt(): void;
  /** What stdout and stderr have so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when the text has been written to stderr or stdout. */
  wrote(text: string): Promise<void>;
}

export function startCli(args: readonly string[], options: RunOptions = {}): RunningCli {
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const changed = new Set<() => void>();
  const notify = (): void => {
    for (const look of [...changed]) look();
  };
  const out = new Recorder(options, notify);
  const err = new Recorder(options, notify);
  const surroundings: Surroundings = {
    cwd: options.cwd ?? tempDir(),
    env: options.env ?? {},
    stdout: out,
    stderr: err,
    outputClosed: options.outputClosed ?? new AbortController().signal,
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onOrder: () => () => {},
    settle: () => {},
    program: options.program ?? entryPoint,
    now: () => options.now ?? Date.parse('2026-01-01T00:00:00.000Z'),
  };
  const done = runCli(args, surroundings).then((code) => ({ code, out: out.text, err: err.text }));
  return {
    done,
    interrupt: () => {
      for (const listener of [...listeners]) listener('SIGINT');
    },
    out: () => out.text,
    err: () => err.text,
    wrote: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!out.text.includes(text) && !err.text.includes(text)) return;
          changed.delete(look);
          resolve();
        };
        changed.add(look);
        look();
      }),
  };
}

export function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return startCli(args, options).done;
}

/** A folder with a config that nobody reads. */
export function folderWithConfig(): string {
  const folder = tempDir();
  writeFileSync(join(folder, 'evenkeel.config.yaml'), 'apps: {}\n');
  return folder;
}

class Recorder implements RawOutput {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  readonly #notify: () => void;

  constructor({ isTTY, columns }: RunOptions, notify: () => void) {
    this.isTTY = isTTY ?? false;
    this.columns = columns ?? 100;
    this.#notify = notify;
  }

  write(text: string): boolean {
    this.text += text;
    this.#notify();
    return true;
  }
}
