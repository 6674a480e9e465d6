// Manager: re-reads the config file and makes what runs what it says.

import { type AddressMove, inMovingOrder, planMoves } from '../../core/address-moves.ts';
import { EvenkeelError } from '../../core/errors.ts';
import { noConfigToReload } from '../../core/not-found.ts';
import type { AppChange, Plan } from '../../core/plan.ts';
import { planChanges } from '../../core/plan-changes.ts';
import { describeProfile } from '../../core/profile.ts';
import type { AppSpec, EcosystemSpec } from '../../core/spec.ts';
import type { AppResult, OperationResult } from '../../protocol/control-api.ts';
import { folderOfScripts } from '../../protocol/script-starts.ts';
import { changeInTurn } from '../after-loss.ts';
import type { Task, Work } from '../app-lane.ts';
import type { ManagerContext } from '../context.ts';
import type { EventBus } from '../event-bus.ts';
import type { Fleet } from '../fleet.ts';
import { refuseWhileStopping } from '../refusals.ts';
import { handOver, runsWith, takeBack } from '../release-sockets.ts';
import { attempt, operationResult, skipped } from '../results.ts';
import { runInOrder, runInReverse, skipDependent } from '../run-in-order.ts';
import { runningApps } from '../running-apps.ts';
import { stateDirNotices } from '../state-dir-notice.ts';
import { applyChange } from '../steps/apply-change.ts';
import { stopApp } from '../steps/stop-app.ts';
import { isInTrouble, troubleOf } from '../trouble.ts';
import { RunningOperation } from '../under-way.ts';

/** `profile`: to go by from now on; absent: the one there is. Throws NO_CONFIG or CONFIG_INVALID, and then nothing has changed. */
export function reload(
  context: ManagerContext,
  profile?: string | null,
  operation = new RunningOperation(),
): Promise<OperationResult> {
  return told(context, async () => await reconcile(context, await read(context, profile), operation));
}

/** In its turn, and told from its beginning to its end. */
export function told(context: ManagerContext, work: () => Promise<OperationResult>): Promise<OperationResult> {
  const { bus } = context.fleet;
  return context.reloads.run(async () => {
    bus.emit({ type: 'reload-started' });
    let [ok, changes] = [false, 0];
    try {
      const result = await work();
      [ok, changes] = [result.ok, result.apps.filter((app) => app.action !== 'none').length];
      return result;
    } finally {
      bus.emit({ type: 'reload-finished', ok, changes });
    }
  });
}

/** Makes what runs what the ecosystem says. */
export async function reconcile(
  context: ManagerContext,
  ecosystem: EcosystemSpec,
  operation: RunningOperation,
): Promise<OperationResult> {
  const { fleet } = context;
  const startedAt = fleet.now();
  // Reading took a while, in which somebody may have stopped everything.
  refuseWhileStopping(context);
  const running = runningApps(fleet, ecosystem.apps);
  const plan = planChanges(running, ecosystem.apps);
  const moves = planMoves(running, ecosystem.apps);
  await noteReloading(fleet, plan.changes.some(({ action }) => action !== 'none') ? ecosystem : null);
  try {
    fleet.moves = moves;
    await handOver(fleet, moves, (name) => specOf(ecosystem, name).user);
    const notices = [...plan.notices, ...managerNotices(fleet, ecosystem)];
    const removed = await removeApps(fleet, plan);
    fleet.state.setEcosystem(ecosystem);
    for (const name of fleet.state.names) fleet.forgetIfOver(name);
    const applied = await runInOrder(
      inMovingOrder(ecosystem.apps, moves),
      async (name) => {
        const inLane = (work: Work<AppResult>) => fleet.lane(name).run('reconcile', work);
        const inTurn = (work: Work<AppResult>) => changeInTurn(fleet, name, inLane, work);
        const spec = specOf(ecosystem, name);
        const work: Work<AppResult> = async (task) =>
          waitsFor(fleet, spec) ?? (await apply(context, spec, moves, notices, task));
        return unlessUnchanged(plan, await operation.run(name, inTurn, work));
      },
      (name, failed) => unlessUnchanged(plan, skip(specOf(ecosystem, name), moves, failed)),
    );
    await takeBack(fleet, moves).catch((error) => fleet.complain(error));
    notices.push(...sharedNotices(fleet, moves));
    const settled = operation.aborted ? applied : lateStarts(context, applied);
    // Only in the end: what runs, and depends on an app that keeps failing, is brought up to date all the same.
    const results = await Promise.all(settled.map((app) => unlessInTrouble(fleet, app)));
    return operationResult(fleet, startedAt, [...results, ...removed], [...new Set(notices)]);
  } finally {
    fleet.moves = [];
    // Where this manager goes in the midst of it, it is for the next one.
    if (!fleet.closed.aborted) await noteReloading(fleet, null);
  }
}

async function noteReloading(fleet: Fleet, ecosystem: EcosystemSpec | null): Promise<void> {
  if (fleet.state.reloading === ecosystem) return;
  fleet.state.setReloading(ecosystem);
  await fleet.state.flush();
}

async function read(context: ManagerContext, profile?: string | null): Promise<EcosystemSpec> {
  const { bus } = context.fleet;
  try {
    const ecosystem = await context.load(profile);
    // A config that was written beside it meanwhile is gone by.
    if (folderOfScripts(ecosystem.file) !== null) throw noConfigToReload(ecosystem.apps[0]?.name ?? 'APP');
    return ecosystem;
  } catch (error) {
    tellOfRefusal(bus, error);
    throw error;
  }
}

function tellOfRefusal(bus: EventBus, error: unknown): void {
  if (!(error instanceof EvenkeelError)) return;
  if (error.code === 'NO_CONFIG') bus.emit({ type: 'reload-refused', reason: error.message });
  else bus.emit({ type: 'config-invalid', problems: error.problems.length });
}

function removeApps(fleet: Fleet, { changes }: Plan): Promise<readonly AppResult[]> {
  const removed = changes.filter((change) => change.action === 'stop');
  const apps = removed.map(({ app }) => ({ name: app, dependsOn: fleet.runningSpec(app)?.dependsOn ?? [] }));
  return runInReverse(apps, (name) => stopApp(fleet, name, null, reasonsOf(removed, name)));
}

async function apply(
  context: ManagerContext,
  desired: AppSpec,
  moves: readonly AddressMove[],
  notices: string[],
  task: Task,
): Promise<AppResult> {
  refuseWhileStopping(context);
  return await applyChange(context.fleet, desired, moves, notices, task);
}

/** What does not run yet, and depends on what keeps failing, comes when that does; null: that is not so. */
function waitsFor(fleet: Fleet, { name, dependsOn }: AppSpec): AppResult | null {
  const down = isToStart(fleet, name) ? dependsOn.filter((other) => isInTrouble(fleet.handle(other))) : [];
  return down.length === 0 ? null : skipped(name, `it depends on ${down.join(', ')}, which does not run`);
}

/** As it is now: since the whole was planned it may have come back, or have been stopped. */
function isToStart(fleet: Fleet, name: string): boolean {
  const isNew = !fleet.state.names.includes(name);
  return fleet.runningSpec(name) === null && (isNew || fleet.state.app(name).wanted);
}

/** It runs on as it is, and what was to be its own stays with who has not given it up. */
function skip({ name, dependsOn }: AppSpec, moves: readonly AddressMove[], failed: readonly AppResult[]): AppResult {
  const needed = failed.filter(({ app }) => dependsOn.includes(app));
  if (needed.length > 0) return skipDependent(name, needed);
  const kept = moves.filter(({ from, to }) => to === name && failed.some(({ app }) => app === from));
  return skipped(name, kept.map(({ address, from }) => `${address} is still with ${from}, which failed`).join(', '));
}

/** Of a swap, the second half has failed. */
function sharedNotices(fleet: Fleet, moves: readonly AddressMove[]): readonly string[] {
  const shared = moves.filter(({ address, from, to }) => [from, to].every((app) => runsWith(fleet, app, address)));
  return shared.map(
    ({ address, from, to }) => `${from} and ${to} both answer on ${address} until a reload has taken it from ${from}`,
  );
}

function specOf({ apps }: EcosystemSpec, name: string): AppSpec {
  const spec = apps.find((app) => app.name === name);
  if (spec === undefined) throw new Error(`Internal error: ${name} is not in the ecosystem`);
  return spec;
}

/** What was to stay as it is has not missed anything. */
function unlessUnchanged({ changes }: Plan, result: AppResult): AppResult {
  const isUnchanged = changes.some(({ app, action }) => app === result.app && action === 'none');
  if (result.action !== 'skipped' || !isUnchanged) return result;
  return { ...result, action: 'none', ok: true, message: 'unchanged' };
}

/** There is nothing to do only where what should run does. */
async function unlessInTrouble(fleet: Fleet, result: AppResult): Promise<AppResult> {
  const { app, action, ok, message } = result;
  if (action !== 'none' || !ok) return result;
  return await attempt(fleet, app, action, result.reasons, async () => {
    return (await troubleOf(fleet.handle(app))) ?? { ok, message };
  });
}

function lateStarts({ fleet, lateStarts }: ManagerContext, results: readonly AppResult[]): readonly AppResult[] {
  return results.map((result) => (isToStart(fleet, result.app) ? lateStarts.add(result) : result));
}

/** What changes for the manager itself, and what it cannot change. */
function managerNotices(fleet: Fleet, ecosystem: EcosystemSpec): readonly string[] {
  const { profile = null } = fleet.state.ecosystem ?? {};
  const switched =
    profile === ecosystem.profile ? [] : [`reloads go ${describeProfile(ecosystem.profile)} from now on`];
  return [...switched, ...stateDirNotices(fleet, ecosystem), ...(ecosystem.notices ?? [])];
}

function reasonsOf(changes: readonly AppChange[], name: string): readonly string[] {
  return changes.find((change) => change.app === name)?.reasons ?? [];
}
