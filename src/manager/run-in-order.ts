// Manager: does something to several apps, each as soon as those it depends on are done; apps that do not depend on
// each other go side by side.

import { type Dependent, dependencyLevels, dependentsOf } from '../core/order.ts';
import type { AppResult } from '../protocol/control-api.ts';
import { skipped } from './results.ts';

export type AppWork = (name: string) => Promise<AppResult>;
/** `failed`: what became of those that it depends on. */
export type Skip = (name: string, failed: readonly AppResult[]) => AppResult;

/**
 * Dependencies first; of apps whose dependency failed, `skip` says what their result is. Results are in the order of `apps`.
 */
export async function runInOrder(
  apps: readonly Dependent[],
  work: AppWork,
  skip: Skip = skipDependent,
): Promise<readonly AppResult[]> {
  const running = new Map<string, Promise<AppResult>>();
  const dependencies = new Map(apps.map((app) => [app.name, app.dependsOn]));
  for (const name of dependencyLevels(apps).flat()) {
    const before = (dependencies.get(name) ?? []).flatMap((other) => running.get(other) ?? []);
    running.set(name, runAfter(before, name, work, skip));
  }
  return await collect(apps, running);
}

/** Dependents first; a failure keeps nobody from being stopped. */
export async function runInReverse(apps: readonly Dependent[], work: AppWork): Promise<readonly AppResult[]> {
  const running = new Map<string, Promise<AppResult>>();
  const dependents = dependentsOf(apps);
  for (const name of dependencyLevels(apps).flat().reverse()) {
    const before = (dependents.get(name) ?? []).flatMap((other) => running.get(other) ?? []);
    running.set(
      name,
      Promise.all(before).then(() => work(name)),
    );
  }
  return await collect(apps, running);
}

export function skipDependent(name: string, failed: readonly AppResult[]): AppResult {
  const aborted = failed.every(({ deploy }) => deploy?.outcome === 'aborted');
  return skipped(
    name,
    `it depends on ${failed.map(({ app }) => app).join(', ')}, which ${aborted ? 'was aborted' : 'failed'}`,
  );
}

async function runAfter(
  before: readonly Promise<AppResult>[],
  name: string,
  work: AppWork,
  skip: Skip,
): Promise<AppResult> {
  const failed = (await Promise.all(before)).filter((result) => !result.ok);
  return failed.length === 0 ? await work(name) : skip(name, failed);
}

async function collect(
  apps: readonly Dependent[],
  running: ReadonlyMap<string, Promise<AppResult>>,
): Promise<readonly AppResult[]> {
  return await Promise.all(apps.flatMap((app) => running.get(app.name) ?? []));
}
