// Manager: stops apps; without names everything, and then the manager itself goes.

import { EvenkeelError } from '../../core/errors.ts';
import { notForgotten } from '../../core/not-found.ts';
import type { Milliseconds } from '../../core/spec.ts';
import type { AppResult, OperationResult } from '../../protocol/control-api.ts';
import { folderOfScripts } from '../../protocol/script-starts.ts';
import type { ManagerContext } from '../context.ts';
import { operationResult } from '../results.ts';
import { runInReverse } from '../run-in-order.ts';
import { stopApp } from '../steps/stop-app.ts';

export async function stop(
  context: ManagerContext,
  names: readonly string[] | null,
  timeout: Milliseconds | null,
  forget = false,
): Promise<OperationResult> {
  if (forget) refuseToForget(context, names);
  if (names === null) return await stopEverything(context, timeout);
  for (const name of names) context.fleet.requireKnown(name);
  const result = await stopApps(context, names, timeout, true);
  return forget ? { ...result, apps: result.apps.map((app) => forgotten(context, app)) } : result;
}

/** What a config has is taken out there, by a person. */
function refuseToForget({ fleet }: ManagerContext, names: readonly string[] | null): void {
  const { file = '' } = fleet.state.ecosystem ?? {};
  if (names === null) throw new EvenkeelError('BAD_REQUEST', '`apps` has to name what is to be forgotten');
  if (folderOfScripts(file) === null) throw notForgotten(file);
}

function forgotten({ fleet }: ManagerContext, result: AppResult): AppResult {
  const { ecosystem } = fleet.state;
  if (!result.ok || ecosystem === null) return result;
  fleet.state.setEcosystem({ ...ecosystem, apps: ecosystem.apps.filter(({ name }) => name !== result.app) });
  fleet.forgetIfOver(result.app);
  return { ...result, action: 'stop', message: `${result.message}; forgotten` };
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
