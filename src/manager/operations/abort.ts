// Manager: aborts the deploy or the first start of an app, or all that a command has begun. Never waits in the app's queue:
// what is to be aborted is in there.

import { EvenkeelError } from '../../core/errors.ts';
import type { AppResult, OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { deployDeadline } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { requireRunning } from '../refusals.ts';
import { attempt, operationResult, throwRefusal } from '../results.ts';
import { stopApp } from '../steps/stop-app.ts';

/** Throws NO_SUCH_APP, APP_STOPPED or NO_DEPLOY. */
export async function abort({ fleet }: ManagerContext, name: string): Promise<OperationResult> {
  const startedAt = fleet.now();
  const result = isStarting(fleet, name)
    ? await abortStart(fleet, name)
    : await abortDeploy(fleet, name, 'aborted by a command', true);
  throwRefusal(result);
  return operationResult(fleet, startedAt, [result]);
}

/**
 * `id`: what the stream of the operation began with. Where a part has been done already, or cannot be aborted, that is told
 * by the result of the operation itself: old workers that retire finish as they would. Throws NO_DEPLOY where it is over.
 */
export async function abortOperation({ fleet, underWay }: ManagerContext, id: number): Promise<OperationResult> {
  const startedAt = fleet.now();
  const operation = underWay.find(id);
  if (operation === null) throw new EvenkeelError('NO_DEPLOY', `no operation ${id} is under way`);
  const results = await operation.abort((name) => giveUp(fleet, name));
  return operationResult(
    fleet,
    startedAt,
    results.filter(({ error }) => error?.code !== 'NO_DEPLOY'),
  );
}

function giveUp(fleet: Fleet, name: string): Promise<AppResult> {
  if (fleet.runningSpec(name) !== null) return abortDeploy(fleet, name, 'interrupted', false);
  if (fleet.handle(name).revival !== null && fleet.cameBack.has(name)) return abortAttempt(fleet, name);
  return stopApp(fleet, name, null, ['its start was interrupted']);
}

/** By the file, of an app that an earlier manager has left dead: it is still to be brought back. */
function abortAttempt(fleet: Fleet, name: string): Promise<AppResult> {
  return attempt(fleet, name, 'abort', [], async () => {
    const deadline = deployDeadline(fleet.wantedSpec(name), null, 0);
    const deploy = await fleet.handle(name).ask('abort', { reason: 'interrupted', hurry: true }, deadline);
    return { ok: true, message: `generation ${deploy.generation} ${deploy.outcome}`, deploy };
  });
}

/** For the first time, or after a stop: nothing serves that an abort could go back to. */
function isStarting(fleet: Fleet, name: string): boolean {
  if (fleet.runningSpec(name) !== null || !fleet.state.app(name).wanted) return false;
  return fleet.handle(name).isUp || !fleet.lane(name).isIdle;
}

async function abortStart(fleet: Fleet, name: string): Promise<AppResult> {
  const stopped = await stopApp(fleet, name, null, ['its start was aborted'], true);
  const message = stopped.ok ? 'its start is aborted; it is stopped again' : `not stopped: ${stopped.message}`;
  return { ...stopped, action: 'abort', reasons: [], message };
}

function abortDeploy(fleet: Fleet, name: string, reason: string, hurry: boolean): Promise<AppResult> {
  return attempt(fleet, name, 'abort', [], async () => {
    const spec = requireRunning(fleet, name);
    if (fleet.claims.of(name)?.abort() === true) return { ok: true, message: 'the deploy had not begun, and will not' };
    const deploy = await fleet.handle(name).request('abort', { reason, hurry }, deployDeadline(spec, null, 0));
    const { generation, outcome } = deploy;
    const message =
      outcome === 'done'
        ? `generation ${generation} serves: it was too late to abort`
        : `generation ${generation} ${outcome}`;
    return { ok: true, message, deploy };
  });
}
