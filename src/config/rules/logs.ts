// Rule: a log file belongs to one app. (config loader)

import type { RuleContext } from './draft.ts';

export function checkLogs({ apps, report }: RuleContext): void {
  const owners = new Map<string, string>();
  for (const { spec } of apps) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const target = spec.logs[stream];
      if (target.kind !== 'file') continue;
      const owner = owners.get(target.path) ?? spec.name;
      owners.set(target.path, owner);
      if (owner === spec.name) continue;
      report(['apps', spec.name, 'logs', stream], `${owner} writes to ${target.path} already`, {
        hint: 'give each app a log file of its own',
      });
    }
  }
}
