// Manager: what runs, as the planner compares it with the file.

import type { RunningApp } from '../core/plan.ts';
import type { AppSpec } from '../core/spec.ts';
import { overrideSpec, pinnedPaths } from '../platform/overrides.ts';
import type { Fleet } from './fleet.ts';

/** An app of the file without a record is new. */
export function runningApps(fleet: Fleet, desired: readonly AppSpec[]): readonly RunningApp[] {
  const specs = new Map(desired.map((spec) => [spec.name, spec]));
  const recorded = new Set(fleet.state.names);
  const known = fleet.names.filter((name) => recorded.has(name) || fleet.fileSpec(name) === null);
  return known.map((name) => runningApp(fleet, name, specs.get(name)));
}

/** `desired`: what the file says of it now. */
export function runningApp(fleet: Fleet, name: string, desired?: AppSpec): RunningApp {
  const { wanted, override } = fleet.state.app(name);
  return {
    ...{ name, spec: fleet.runningSpec(name), down: wanted },
    kept: desired === undefined || override === null ? null : overrideSpec(desired, override),
    rolledBack: pinnedPaths(override)?.generation ?? null,
    refused: fleet.sockets.stillRefused(name, desired?.listen ?? []),
  };
}
