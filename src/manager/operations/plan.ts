// Manager: what a reload would do. Reads the file; changes nothing.

import type { AppChange, Plan } from '../../core/plan.ts';
import { droppedAddresses, planChanges } from '../../core/plan-changes.ts';
import { type AppSpec, formatAddress } from '../../core/spec.ts';
import type { ManagerContext } from '../context.ts';
import { runningApps } from '../running-apps.ts';
import { stateDirNotices } from '../state-dir-notice.ts';

/** `profile`: of a reload with that one; absent: with the one that the manager has. Throws NO_CONFIG or CONFIG_INVALID. */
export async function plan(context: ManagerContext, profile?: string | null): Promise<Plan> {
  const ecosystem = await context.load(profile);
  const { changes, notices } = planChanges(runningApps(context.fleet, ecosystem.apps), ecosystem.apps);
  const dropped = changes.flatMap((change) => droppedNotice(context, change, ecosystem.apps) ?? []);
  return {
    changes,
    notices: [...notices, ...dropped, ...stateDirNotices(context.fleet, ecosystem), ...(ecosystem.notices ?? [])],
  };
}

/** The new workers come beside the old ones, which have the address still. Whether the app wants it nobody knows before. */
function droppedNotice(
  { fleet }: ManagerContext,
  { app, action }: AppChange,
  desired: readonly AppSpec[],
): string | null {
  const [running, spec] = [fleet.runningSpec(app), desired.find(({ name }) => name === app)];
  if (action !== 'deploy' || running === null || spec === undefined) return null;
  const declared = desired.flatMap(({ listen }) => listen.map(formatAddress));
  const dropped = droppedAddresses(running, spec).filter((address) => !declared.includes(address));
  if (dropped.length === 0) return null;
  return `${app}: ${dropped.join(', ')} no longer declared; if the app is to listen there by itself, its new workers find it in use (EADDRINUSE) beside the old ones, and it takes effect at \`evenkeel restart ${app}\``;
}
