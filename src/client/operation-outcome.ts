// Pure: how an operation went as a whole: its exit code, and the error that it is for a program.

import { ERRORS, type ErrorCode, EvenkeelError, EXIT } from '../core/errors.ts';
import type { AppResult, OperationResult } from '../protocol/control-api.ts';

/** 1 where apps failed in different ways, else what they have in common: 4 where all of them timed out. */
export function exitCodeOf(result: OperationResult): number {
  if (result.ok) return EXIT.done;
  const codes = new Set(failedOf(result).map((app) => exitCodeOfApp(app)));
  const [first] = codes;
  return codes.size === 1 && first !== undefined ? first : EXIT.failed;
}

/** An operation that was carried out and failed, for at least one app. */
export class OperationError extends EvenkeelError {
  override readonly name: string = 'OperationError';
  /** What became of each app, with the last lines of workers that failed. */
  readonly result: OperationResult;

  constructor(result: OperationResult) {
    const failed = failedOf(result);
    const message = failed.map(describeFailed).join('; ');
    const hint = failed.find(({ error }) => error?.hint != null)?.error?.hint ?? null;
    super(codeOf(result), message, { hint });
    this.result = result;
  }
}

/** Throws an OperationError where it failed. */
export function requireSuccess(result: OperationResult): OperationResult {
  if (result.ok) return result;
  throw new OperationError(result);
}

/** Nothing was done to one that does not run although it should. */
function describeFailed({ app, action, message }: AppResult): string {
  return action === 'none' ? `${app}: ${message}` : `${app}: ${action} failed: ${message}`;
}

function failedOf({ apps }: OperationResult): readonly AppResult[] {
  return apps.filter((app) => !app.ok);
}

function exitCodeOfApp(app: AppResult): number {
  if (app.deploy?.outcome === 'timed-out') return EXIT.timedOut;
  return app.error === null ? EXIT.failed : ERRORS[app.error.code].exit;
}

/** What all failures have in common. */
function codeOf(result: OperationResult): ErrorCode {
  if (exitCodeOf(result) === EXIT.timedOut) return 'TIMED_OUT';
  const codes = new Set(failedOf(result).map(({ error }) => error?.code ?? 'OPERATION_FAILED'));
  const [first] = codes;
  return codes.size === 1 && first !== undefined ? first : 'OPERATION_FAILED';
}
