// Manager: changes an app's number of workers until the next reload, which goes by the file.

import { mergeOverride } from '../../platform/overrides.ts';
import type { AppResult, OperationResult } from '../../protocol/control-api.ts';
import { changeInTurn } from '../after-loss.ts';
import type { Work } from '../app-lane.ts';
import type { ManagerContext } from '../context.ts';
import { requireRunning } from '../refusals.ts';
import { inLane, operationResult } from '../results.ts';
import { scaleApp } from '../steps/scale-app.ts';

/** Throws NO_SUCH_APP or APP_STOPPED. */
export async function scale({ fleet }: ManagerContext, name: string, workers: number): Promise<OperationResult> {
  const startedAt = fleet.now();
  requireRunning(fleet, name);
  const reasons = [`scale to ${workers}`];
  const inTurn = (work: Work<AppResult>) => inLane(fleet, name, 'scale', reasons, work);
  const result = await changeInTurn(fleet, name, inTurn, async () => {
    const spec = { ...requireRunning(fleet, name), workers };
    const scaled = await scaleApp(fleet, name, spec, reasons);
    const { override } = fleet.state.app(name);
    if (scaled.ok) fleet.state.update(name, { override: mergeOverride(override, { workers }) });
    return scaled;
  });
  return operationResult(fleet, startedAt, [result]);
}
