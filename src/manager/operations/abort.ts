// Manager: aborts the deploy of an app. Never waits in the app's queue: the deploy itself is in there.

import type { OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { deployDeadline } from '../deadlines.ts';
import { requireRunning } from '../refusals.ts';
import { attempt, operationResult, throwRefusal } from '../results.ts';

/** Throws NO_SUCH_APP, APP_STOPPED or NO_DEPLOY. */
export async function abort({ fleet }: ManagerContext, name: string): Promise<OperationResult> {
  const startedAt = fleet.now();
  const spec = requireRunning(fleet, name);
  const result = await attempt(fleet, name, 'abort', [], async () => {
    if (fleet.claims.of(name)?.abort() === true) return { ok: true, message: 'the deploy had not begun, and will not' };
    const deploy = await fleet
      .handle(name)
      .request('abort', { reason: 'aborted by a command' }, deployDeadline(spec, null, 0));
    const { generation, outcome } = deploy;
    const message =
      outcome === 'done'
        ? `generation ${generation} serves: it was too late to abort`
        : `generation ${generation} ${outcome}`;
    return { ok: true, message, deploy };
  });
  throwRefusal(result);
  return operationResult(fleet, startedAt, [result]);
}
