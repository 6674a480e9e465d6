// CLI: apps that there were, as they ran last: their log files are there still.

import { stateDirs } from '../client/find-manager.ts';
import type { AppSpec } from '../core/spec.ts';
import { type StateLayout, stateLayout } from '../platform/paths.ts';
import { readClusterRecord } from '../platform/read-cluster-record.ts';
import type { Context } from './context.ts';
import { namesIn } from './history-from-files.ts';

/** Those of the names that have run here. */
export async function formerApps(context: Context, names: readonly string[]): Promise<readonly AppSpec[]> {
  if (names.length === 0) return [];
  for await (const stateDir of stateDirs(context)) {
    const layout = stateLayout(stateDir);
    const known = namesIn(layout.apps).filter((name) => names.includes(name));
    const found = known.flatMap((name) => lastSpec(layout, name) ?? []);
    if (found.length > 0) return found;
  }
  return [];
}

export function tellOfFormer({ globals, err }: Context, apps: readonly AppSpec[]): void {
  if (globals.quiet || apps.length === 0) return;
  err.write(
    `${apps.map(({ name }) => name).join(', ')}: not among the apps any more; this is what the log files have\n`,
  );
}

function lastSpec(layout: StateLayout, name: string): AppSpec | null {
  const record = readClusterRecord(layout.app(name).stateFile);
  return (record?.current ?? record?.history.findLast(({ pinned }) => pinned !== null)?.pinned)?.spec ?? null;
}
