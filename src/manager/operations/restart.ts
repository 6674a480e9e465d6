// Manager: stops an app and starts it again.

import type { AppResult, OperationResult } from '../../protocol/control-api.ts';
import { startInTurn } from '../after-loss.ts';
import type { Work } from '../app-lane.ts';
import type { ManagerContext } from '../context.ts';
import { refuseWhileStopping } from '../refusals.ts';
import { inLane, operationResult } from '../results.ts';
import { restartApp } from '../steps/restart-app.ts';

/** Throws NO_SUCH_APP. */
export async function restart(context: ManagerContext, name: string): Promise<OperationResult> {
  const { fleet } = context;
  const startedAt = fleet.now();
  fleet.requireKnown(name);
  const inTurn = (work: Work<AppResult>) => inLane(fleet, name, 'restart', ['restart'], work);
  const result = await startInTurn(fleet, name, inTurn, async (task) => {
    refuseWhileStopping(context);
    return await restartApp(fleet, name, task);
  });
  const notices =
    result.action === 'restart' ? [`${name}: a restart stops the app first; \`evenkeel deploy ${name}\` does not`] : [];
  return operationResult(fleet, startedAt, [result], notices);
}
