// Manager: stops apps; without names everything, and then the manager itself goes.

import { EvenkeelError } from '../../core/errors.ts';
import type { Milliseconds } from '../../core/spec.ts';
import type { OperationResult } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { operationResult } from '../results.ts';
import { runInReverse } from '../run-in-order.ts';
import { stopApp } from '../steps/stop-app.ts';

export async function stop(
  context: ManagerContext,
  names: readonly string[] | null,
  timeout: Milliseconds | null,
): Promise<OperationResult> {
  if (names === null) return await stopEverything(context, timeout);
  for (const name of names) context.fleet.requireKnown(name);
  return await stopApps(context, names, timeout, true);
}

async function stopEverything(context: ManagerContext, timeout: Milliseconds | null): Promise<OperationResult> {
  const { fleet, lifecycle } = context;
  if (lifecycle.stopping) throw new EvenkeelError('SHUTTING_DOWN', 'everything is being stopped already');
  lifecycle.begin();
  // Nor is a reload gone on with.
  fleet.state.setReloading(null);
  const result = await stopApps(context, fleet.names, timeout, false);
  // A manager that left now would leave behind what it could not stop.
  if (result.ok) lifecycle.finish();
  else lifecycle.cancel();
  return result;
}

async function stopApps(
  { fleet }: ManagerContext,
  names: readonly string[],
  timeout: Milliseconds | null,
  byName: boolean,
): Promise<OperationResult> {
  const startedAt = fleet.now();
  const apps = names.map((name) => {
    const spec = fleet.runningSpec(name) ?? fleet.fileSpec(name);
    return { name, dependsOn: spec?.dependsOn ?? [] };
  });
  const results = await runInReverse(apps, (name) => stopApp(fleet, name, timeout, [], byName));
  return operationResult(fleet, startedAt, results);
}
