// Every expected failure has a code in this one table; the code fixes the CLI's exit code and the API's HTTP status.

import type { ConfigProblem } from './problem.ts';

/** Exit codes of the CLI (docs: README, "Exit codes"). */
export const EXIT = { done: 0, failed: 1, usage: 2, noManager: 3, timedOut: 4, interrupted: 130 } as const;

interface ErrorKind {
  readonly exit: number;
  readonly http: number;
}

const failed = (http: number): ErrorKind => ({ exit: EXIT.failed, http });
const usage = (http: number): ErrorKind => ({ exit: EXIT.usage, http });

export const ERRORS = {
  BAD_USAGE: usage(400),
  BAD_REQUEST: usage(400),
  BODY_TOO_LARGE: usage(413),
  NOT_FOUND: usage(404),
  METHOD_NOT_ALLOWED: usage(405),
  NO_CONFIG: usage(422),
  CONFIG_INVALID: usage(422),
  NO_SUCH_APP: usage(404),
  NO_SUCH_GENERATION: usage(404),
  NO_MANAGER: { exit: EXIT.noManager, http: 503 },
  CONNECTION_LOST: failed(502),
  MANAGER_RUNS: failed(409),
  MANAGER_START_FAILED: failed(500),
  APP_STOPPED: failed(409),
  APP_RUNS: failed(409),
  DEPLOY_IN_PROGRESS: failed(409),
  NO_DEPLOY: failed(409),
  SHUTTING_DOWN: failed(503),
  LISTEN_FAILED: failed(500),
  CLUSTER_LOST: failed(502),
  CLUSTER_START_FAILED: failed(500),
  STATE_DIR_UNSAFE: failed(500),
  STATE_DIR_UNUSABLE: failed(500),
  SPAWN_FAILED: failed(500),
  STATE_FROM_NEWER_VERSION: failed(500),
  OPERATION_FAILED: failed(500),
  TIMED_OUT: { exit: EXIT.timedOut, http: 504 },
  SYSTEM_ERROR: failed(500),
  INTERNAL: failed(500),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** How an error travels: in API bodies, on the inner links and in `--json` output. */
export interface ErrorBody {
  readonly code: ErrorCode;
  /** What is wrong, and where. */
  readonly message: string;
  /** What to do. */
  readonly hint: string | null;
  readonly problems?: readonly ConfigProblem[];
}

/** An expected failure. Anything else that is thrown is a bug of evenkeel. */
export class EvenkeelError extends Error {
  override readonly name: string = 'EvenkeelError';
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly problems: readonly ConfigProblem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | null; problems?: readonly ConfigProblem[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
    this.problems = options.problems ?? [];
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  toBody(): ErrorBody {
    const { code, message, hint, problems } = this;
    return problems.length === 0 ? { code, message, hint } : { code, message, hint, problems };
  }

  // Not a method that names the class: the bundler would give the class another name then, which stacks show.
  static readonly fromBody = fromBody;
}

function fromBody(body: ErrorBody): EvenkeelError {
  return new EvenkeelError(body.code, body.message, { hint: body.hint, problems: body.problems ?? [] });
}

/** Any thrown value as an error body; a bug keeps its stack for the manager's log, not for users. */
export function toErrorBody(error: unknown): ErrorBody {
  if (error instanceof EvenkeelError) return error.toBody();
  const message = error instanceof Error ? error.message : String(error);
  const refused = systemCodeOf(error);
  if (refused !== null) return { code: 'SYSTEM_ERROR', message, hint: SYSTEM_HINTS[refused] ?? OTHER_SYSTEM_HINT };
  return {
    code: 'INTERNAL',
    message,
    hint: 'This is a bug of evenkeel; the manager log in the state directory has the details.',
  };
}

const FULL = 'Free some space on that disk, or set stateDir in the config to another one.';
const TOO_MANY_FILES = 'Raise the limit on open files (ulimit -n), or see which program has so many open.';
const OTHER_SYSTEM_HINT = 'The operating system refused that; manager.out in the state directory has the details.';
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: 'The disk can only be read: set stateDir in the config to one that can be written to.',
  EACCES: 'Run evenkeel as a user who may do that.',
  EPERM: 'Run evenkeel as a user who may do that.',
  EMFILE: TOO_MANY_FILES,
  ENFILE: TOO_MANY_FILES,
};

/** "ENOSPC", where a call to the operating system failed; Node gives such errors the name of the call. */
function systemCodeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
