// Manager: brings apps up that do not run. Leaves those that run as they are, whatever the file says by now.

import { noSuchApp } from '../../core/not-found.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { AppResult, OperationResult, StartBody } from '../../protocol/control-api.ts';
import { startInTurn } from '../after-loss.ts';
import type { Work } from '../app-lane.ts';
import type { ManagerContext } from '../context.ts';
import { driftNotice } from '../drift-notice.ts';
import type { Fleet } from '../fleet.ts';
import { refuseWhileStopping } from '../refusals.ts';
import { inLane, operationResult, skipped } from '../results.ts';
import { runInOrder, skipDependent } from '../run-in-order.ts';
import { startApp } from '../steps/start-app.ts';
import { RunningOperation } from '../under-way.ts';

/** `names` null: all of the file. Throws NO_SUCH_APP, NO_CONFIG or CONFIG_INVALID; then nothing has changed. */
export async function start(
  context: ManagerContext,
  names: readonly string[] | null,
  { reset = false, keepStopped = false }: Omit<StartBody, 'apps'> = {},
  operation = new RunningOperation(),
): Promise<OperationResult> {
  const { fleet } = context;
  const startedAt = fleet.now();
  const apps = await chooseApps(context, names);
  const kept = keepStopped && names === null ? stoppedByName(fleet, apps) : [];
  const found = await runInOrder(
    apps,
    async (name) => {
      if (kept.includes(name)) return staysStopped(name);
      const isMeant = names === null || names.includes(name);
      const reasons = isMeant ? ['start'] : ['another app depends on it'];
      const inTurn = (work: Work<AppResult>) =>
        startInTurn(fleet, name, (part) => inLane(fleet, name, 'start', reasons, part), work);
      return await operation.run(name, inTurn, async (task) => {
        refuseWhileStopping(context);
        if (reset && isMeant && fleet.runningSpec(name) === null) fleet.state.update(name, { override: null });
        return await startApp(fleet, name, reasons, task);
      });
    },
    (name, failed) => {
      if (kept.includes(name)) return staysStopped(name);
      return fleet.runningSpec(name) === null ? skipDependent(name, failed) : alreadyRuns(name);
    },
  );
  const results = found
    .map((result) => (operation.aborted ? result : context.lateStarts.add(result)))
    .map((result) => withReturn(fleet, result));
  const stopped = kept.map((name) => `${name} ${STAYS_STOPPED}; \`evenkeel start ${name}\` starts it`);
  const begun = results.filter(({ action }) => action === 'start');
  const drift = begun.flatMap(({ app }) => driftNotice(fleet, app) ?? []);
  const slips = begun.length === 0 ? [] : (fleet.state.ecosystem?.notices ?? []);
  return operationResult(fleet, startedAt, results, [...context.takeNotices(), ...stopped, ...drift, ...slips]);
}

/** Whoever asks after a power cut finds that it runs already, or rather again. */
function withReturn(fleet: Fleet, result: AppResult): AppResult {
  const { app, ok, action } = result;
  if (!ok || action !== 'none' || fleet.runningSpec(app) === null) return result;
  const generation = fleet.handle(app).snapshot?.current?.generation;
  const returned = fleet.cameBack.get(app);
  fleet.cameBack.delete(app);
  // Whatever has been deployed since is not what came back.
  if (returned === undefined || returned !== generation) return result;
  return { ...result, action: 'start', reasons: ['start'], message: `came back as it ran: generation ${generation}` };
}

const STAYS_STOPPED = 'stays stopped: it was stopped by name';

function stoppedByName(fleet: Fleet, apps: readonly AppSpec[]): readonly string[] {
  return apps.map(({ name }) => name).filter((name) => fleet.state.app(name).stoppedByName);
}

/** What depends on it comes up all the same, as it ran on when this was stopped. */
function staysStopped(name: string): AppResult {
  return { ...skipped(name, STAYS_STOPPED), action: 'none', ok: true };
}

/** Whatever has become of what it depends on. */
function alreadyRuns(name: string): AppResult {
  return { ...skipped(name, 'already running'), action: 'none', ok: true };
}

/** With those that they depend on. The file is read again for apps that do not run. */
async function chooseApps(context: ManagerContext, names: readonly string[] | null): Promise<readonly AppSpec[]> {
  const { fleet, reloads } = context;
  const known = fleet.state.ecosystem?.apps ?? [];
  if (names?.every((name) => fleet.runningSpec(name) !== null)) return withDependencies(known, names);
  return await reloads.run(async () => {
    const ecosystem = context.takeFirst() ?? (await context.load());
    const listed = ecosystem.apps.map((app) => app.name);
    const missing = names?.find((name) => !listed.includes(name));
    if (missing !== undefined) throw noSuchApp(missing, listed);
    fleet.state.setEcosystem(ecosystem);
    return withDependencies(ecosystem.apps, names ?? listed);
  });
}

function withDependencies(apps: readonly AppSpec[], names: readonly string[]): readonly AppSpec[] {
  const specs = new Map(apps.map((app) => [app.name, app]));
  const chosen = new Set(names);
  for (const name of chosen) for (const other of specs.get(name)?.dependsOn ?? []) chosen.add(other);
  return apps.filter((app) => chosen.has(app.name));
}
