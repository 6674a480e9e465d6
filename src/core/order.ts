// Pure: in which order apps are started and deployed, from their `dependsOn`.

export interface Dependent {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/**
 * Apps by level: those of one level depend on apps of earlier levels only, and keep their order. Names that are not
 * among `apps` do not count. A cycle, which the config's rules refuse, ends up in the last level.
 */
export function dependencyLevels(apps: readonly Dependent[]): readonly (readonly string[])[] {
  const names = new Set(apps.map((app) => app.name));
  const waiting = new Map(apps.map((app) => [app.name, countKnown(app, names)]));
  const dependents = dependentsOf(apps);
  const levels: string[][] = [];
  let level = apps.map((app) => app.name).filter((name) => waiting.get(name) === 0);
  while (level.length > 0) {
    levels.push(level);
    for (const name of level) waiting.delete(name);
    const freed = new Set(level.flatMap((name) => release(dependents.get(name) ?? [], waiting)));
    level = freed.size === 0 ? [] : [...freed];
  }
  return waiting.size === 0 ? levels : [...levels, [...waiting.keys()]];
}

/** For each app, those that name it in `dependsOn`. */
export function dependentsOf(apps: readonly Dependent[]): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const app of apps) {
    for (const name of new Set(app.dependsOn)) {
      const list = dependents.get(name);
      if (list === undefined) dependents.set(name, [app.name]);
      else list.push(app.name);
    }
  }
  return dependents;
}

function countKnown(app: Dependent, names: ReadonlySet<string>): number {
  return [...new Set(app.dependsOn)].filter((name) => names.has(name)).length;
}

/** Names of `dependents` that wait for nothing any more. */
function release(dependents: readonly string[], waiting: Map<string, number>): string[] {
  return dependents.filter((name) => {
    const left = waiting.get(name);
    if (left === undefined) return false;
    waiting.set(name, left - 1);
    return left === 1;
  });
}
