// Manager: what runs, as the planner compares it with the file.

import type { RunningApp } from '../core/plan.ts';
import type { Fleet } from './fleet.ts';
import { pinnedPaths } from './overrides.ts';

/** An app of the file without a record is new. */
export function runningApps(fleet: Fleet): readonly RunningApp[] {
  const recorded = new Set(fleet.state.names);
  const known = fleet.names.filter((name) => recorded.has(name) || fleet.fileSpec(name) === null);
  return known.map((name) => runningApp(fleet, name));
}

export function runningApp(fleet: Fleet, name: string): RunningApp {
  const { wanted, override } = fleet.state.app(name);
  return { name, spec: fleet.runningSpec(name), down: wanted, rolledBack: pinnedPaths(override)?.generation ?? null };
}
