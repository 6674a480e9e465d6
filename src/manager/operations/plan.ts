// Manager: what a reload would do. Reads the file; changes nothing.

import type { Plan } from '../../core/plan.ts';
import { planChanges } from '../../core/plan-changes.ts';
import type { ManagerContext } from '../context.ts';
import { runningApps } from '../running-apps.ts';

/** Throws NO_CONFIG or CONFIG_INVALID. */
export async function plan(context: ManagerContext): Promise<Plan> {
  const ecosystem = await context.load();
  return planChanges(runningApps(context.fleet), ecosystem.apps);
}
