// Manager: a signal or a message to every worker of an app.

import type { ToldWorker } from '../../core/status.ts';
import type { OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { QUICK } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { requireRunning } from '../refusals.ts';
import { attempt, type Outcome, operationResult } from '../results.ts';

/** Throws NO_SUCH_APP or APP_STOPPED. */
export function signalWorkers({ fleet }: ManagerContext, name: string, signal: string): Promise<OperationResult> {
  const request = () => fleet.handle(name).request('signal', { signal }, QUICK);
  return tell(fleet, name, 'signal', signal, request);
}

/** Throws NO_SUCH_APP or APP_STOPPED. */
export function sendToWorkers({ fleet }: ManagerContext, name: string, message: unknown): Promise<OperationResult> {
  const request = () => fleet.handle(name).request('send', { message }, QUICK);
  return tell(fleet, name, 'send', 'message', request);
}

async function tell(
  fleet: Fleet,
  name: string,
  action: 'signal' | 'send',
  what: string,
  request: () => Promise<{ readonly workers: readonly ToldWorker[] }>,
): Promise<OperationResult> {
  const startedAt = fleet.now();
  requireRunning(fleet, name);
  const result = await attempt(fleet, name, action, [], async () => outcomeOf(what, (await request()).workers));
  return operationResult(fleet, startedAt, [result]);
}

/** It failed where one worker did not get it, and where there was none. */
function outcomeOf(what: string, workers: readonly ToldWorker[]): Outcome {
  const missed = workers.filter(({ problem }) => problem !== null).length;
  const count = workers.length === 1 ? '1 worker' : `${workers.length} workers`;
  if (workers.length === 0) return { ok: false, message: `there is no worker to get the ${what} just now`, workers };
  if (missed === 0) return { ok: true, message: `${what} sent to ${count}`, workers };
  return { ok: false, message: `${what} sent to ${workers.length - missed} of ${count}`, workers };
}
