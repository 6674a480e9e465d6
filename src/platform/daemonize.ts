// Starts a process that outlives this one: the manager (from the CLI) and the cluster processes (from the manager). And
// what such a process needs to stay.

import { type ChildProcess, spawn } from 'node:child_process';
import { EvenkeelError } from '../core/errors.ts';
import { errorCode } from './system-error.ts';

export type DetachedStdio = 'ignore' | 'inherit' | 'pipe' | number;

export interface DetachedOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** From file descriptor 0 on; a number is a descriptor of ours. */
  readonly stdio: readonly DetachedStdio[];
}

export interface DetachedProcess {
  readonly pid: number;
  /** For its 'exit' while we live. */
  readonly child: ChildProcess;
}

/** In a session of its own, and not waited for. Throws SPAWN_FAILED, also where `cwd` does not exist. */
export function spawnDetached(options: DetachedOptions): DetachedProcess {
  const { file, args, env, cwd, stdio } = options;
  let child: ChildProcess;
  try {
    child = spawn(file, args, { env, cwd, stdio: [...stdio], detached: true });
  } catch (error) {
    throw spawnFailed(options, error);
  }
  // A failed spawn tells its reason in an event only; without a listener that would end this process.
  child.on('error', () => {});
  if (child.pid === undefined) throw spawnFailed(options, null);
  child.unref();
  return { pid: child.pid, child };
}

/**
 * This process lives until it ends itself. Its timers and links keep no process alive, so one that only waits, for a socket
 * to be put back, say, would otherwise end without a word.
 */
export function stayAlive(): void {
  setInterval(() => {}, LONGEST_DELAY);
}

/** What setInterval takes. */
const LONGEST_DELAY = 2 ** 31 - 1;

function spawnFailed(options: DetachedOptions, cause: unknown): EvenkeelError {
  const code = errorCode(cause);
  const reason = code === null ? '' : `: ${code}`;
  return new EvenkeelError('SPAWN_FAILED', `cannot start ${options.file} in ${options.cwd}${reason}`, {
    hint: 'Check that both exist, that the program may be run, and that the limits on processes and open files are not reached.',
    cause,
  });
}
