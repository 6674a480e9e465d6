// Manager: a signal or a message to every worker of an app.

import type { OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { QUICK } from '../deadlines.ts';
import { requireRunning } from '../refusals.ts';
import { attempt, operationResult } from '../results.ts';

/** Throws NO_SUCH_APP or APP_STOPPED. */
export async function signalWorkers({ fleet }: ManagerContext, name: string, signal: string): Promise<OperationResult> {
  const startedAt = fleet.now();
  requireRunning(fleet, name);
  const result = await attempt(fleet, name, 'signal', [], async () => {
    const { workers } = await fleet.handle(name).request('signal', { signal }, QUICK);
    return { ok: true, message: `${signal} sent to ${count(workers)}` };
  });
  return operationResult(fleet, startedAt, [result]);
}

/** Throws NO_SUCH_APP or APP_STOPPED. */
export async function sendToWorkers(
  { fleet }: ManagerContext,
  name: string,
  message: unknown,
): Promise<OperationResult> {
  const startedAt = fleet.now();
  requireRunning(fleet, name);
  const result = await attempt(fleet, name, 'send', [], async () => {
    const { workers } = await fleet.handle(name).request('send', { message }, QUICK);
    return { ok: true, message: `sent to ${count(workers)}` };
  });
  return operationResult(fleet, startedAt, [result]);
}

function count(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`;
}
