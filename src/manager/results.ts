// Manager: results of operations, per app and as a whole. A failure of one app is a result; a bug is told as one and
// leaves the other apps alone.

import { EvenkeelError, toErrorBody } from '../core/errors.ts';
import type { ChangeResult, DeployResult } from '../core/status.ts';
import type { AppResult, OperationResult } from '../protocol/control-api.ts';
import { Superseded, type Work } from './app-lane.ts';
import type { Fleet } from './fleet.ts';

export type Outcome = Pick<AppResult, 'ok' | 'message'> &
  Partial<Pick<AppResult, 'action' | 'deploy' | 'failure' | 'workers'>>;

/** Runs one app's part of an operation. Never throws. */
export async function attempt(
  fleet: Fleet,
  app: string,
  action: AppResult['action'],
  reasons: readonly string[],
  work: () => Promise<Outcome>,
): Promise<AppResult> {
  const startedAt = fleet.now();
  const base = { app, action, reasons, deploy: null, failure: null, workers: null, error: null };
  try {
    const outcome = await work();
    return { ...base, ...outcome, durationMs: elapsed(fleet, startedAt) };
  } catch (error) {
    if (!(error instanceof EvenkeelError)) fleet.complain(error);
    const body = toErrorBody(error);
    return {
      ...base,
      ok: false,
      message: withoutApp(app, body.message),
      error: body,
      durationMs: elapsed(fleet, startedAt),
    };
  }
}

/** For where it is shown beside the app's name. */
export function withoutApp(app: string, message: string): string {
  return message.startsWith(`${app}: `) ? message.slice(app.length + 2) : message;
}

export function skipped(app: string, message: string): AppResult {
  const base = { reasons: [], deploy: null, failure: null, workers: null, error: null };
  return { ...base, app, action: 'skipped', ok: false, message, durationMs: 0 };
}

/** What a cluster process has made of a change that it was asked for. `done`: what to say where it is done. */
export function describeChange({ outcome, cause, failure }: ChangeResult, done: string): Outcome {
  if (outcome === 'done') return { ok: true, message: done, failure };
  const message = outcome === 'failed' ? String(cause) : `${outcome}: ${cause}`;
  return { ok: false, message, failure };
}

export interface Wording {
  /** What it was, where "deploy" does not say it. */
  readonly word?: 'restarted' | 'up again';
  readonly place?: string | null;
}

export function describeDeploy(result: DeployResult, { word, place = null }: Wording = {}): Outcome {
  const { outcome, generation, cause, failure, afterFailure } = result;
  const ok = outcome === 'done';
  // A cluster process of an earlier version says nothing of hooks.
  const after = (afterFailure ?? null) === null ? '' : `; but then ${afterFailure}`;
  const from = place === null ? '' : ` from ${place}`;
  const serves = `${word === undefined ? '' : `${word}: `}generation ${generation} serves${from}${after}`;
  return { ok, message: ok ? serves : `generation ${generation} ${outcome}: ${cause}`, deploy: result, failure };
}

/**
 * Runs one app's part of an operation when its turn has come. Where a stop comes before that, this is the result; anything
 * else that is thrown is thrown on.
 */
export async function inLane(
  fleet: Fleet,
  app: string,
  action: AppResult['action'],
  reasons: readonly string[],
  work: Work<AppResult>,
): Promise<AppResult> {
  try {
    return await fleet.lane(app).run('operation', work);
  } catch (error) {
    if (!(error instanceof Superseded)) throw error;
    return await attempt(fleet, app, action, reasons, () => Promise.reject(error));
  }
}

export function operationResult(
  fleet: Fleet,
  startedAt: number,
  apps: readonly AppResult[],
  notices: readonly string[] = [],
): OperationResult {
  return { ok: apps.every((app) => app.ok), apps, notices, durationMs: elapsed(fleet, startedAt) };
}

/** For an operation on one app that was refused: nothing was done, so the answer is the error itself. */
export function throwRefusal(result: AppResult): void {
  const refusals = ['DEPLOY_IN_PROGRESS', 'NO_DEPLOY', 'APP_STOPPED', 'NO_SUCH_GENERATION', 'BAD_REQUEST'];
  if (result.error !== null && refusals.includes(result.error.code)) throw EvenkeelError.fromBody(result.error);
}

function elapsed(fleet: Fleet, since: number): number {
  return Math.round(fleet.now() - since);
}
