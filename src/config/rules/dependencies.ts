// Rule: apps depend on apps that there are, and never on themselves. (config loader)

import { didYouMean } from '../did-you-mean.ts';
import { givenItems, type RuleContext } from './draft.ts';

export function checkDependencies(context: RuleContext): void {
  const { apps, names, report } = context;
  for (const draft of apps) {
    for (const [index, name] of givenItems(draft, 'dependsOn')) {
      if (typeof name !== 'string' || names.includes(name)) continue;
      const others = names.filter((other) => other !== draft.spec.name);
      report(['apps', draft.spec.name, 'dependsOn', index], `there is no app "${name}"`, {
        hint: didYouMean(name, others) ?? (others.length === 0 ? null : `apps: ${others.join(', ')}`),
      });
    }
  }
  const graph = new Map(apps.map(({ spec }) => [spec.name, spec.dependsOn]));
  for (const cycle of findCycles(graph)) {
    const [first = '', second = first] = cycle;
    const draft = apps.find(({ spec }) => spec.name === first);
    const index = draft === undefined ? 0 : givenItems(draft, 'dependsOn').find(([, name]) => name === second)?.[0];
    report(
      ['apps', first, 'dependsOn', index ?? 0],
      `apps depend on each other in a circle: ${[...cycle, first].join(' → ')}`,
      {
        hint: 'remove one of these dependencies',
      },
    );
  }
}

/** Each circle once, beginning with its first app in the order of the file. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (name: string): void => {
    const since = trail.indexOf(name);
    if (since !== -1) cycles.push(trail.slice(since));
    if (since !== -1 || done.has(name)) return;
    trail.push(name);
    for (const next of graph.get(name) ?? []) visit(next);
    trail.pop();
    done.add(name);
  };
  for (const name of graph.keys()) visit(name);
  return cycles;
}
