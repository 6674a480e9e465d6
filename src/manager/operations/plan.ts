// Manager: what a reload would do. Reads the file; changes nothing.

import type { Plan } from '../../core/plan.ts';
import { planChanges } from '../../core/plan-changes.ts';
import type { ManagerContext } from '../context.ts';
import { runningApps } from '../running-apps.ts';
import { stateDirNotices } from '../state-dir-notice.ts';

/** `profile`: of a reload with that one; absent: with the one that the manager has. Throws NO_CONFIG or CONFIG_INVALID. */
export async function plan(context: ManagerContext, profile?: string | null): Promise<Plan> {
  const ecosystem = await context.load(profile);
  const { changes, notices } = planChanges(runningApps(context.fleet, ecosystem.apps), ecosystem.apps);
  return { changes, notices: [...notices, ...stateDirNotices(context.fleet, ecosystem)] };
}
