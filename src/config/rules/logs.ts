// Rule: a log file is a file, and belongs to one app. (config loader)

import type { RuleContext } from './draft.ts';

export function checkLogs({ apps, files, report }: RuleContext): void {
  const owners = new Map<string, string>();
  for (const { spec } of apps) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const target = spec.logs[stream];
      if (target.kind !== 'file') continue;
      if (files.kindOf(target.path) === 'directory') {
        report(['apps', spec.name, 'logs', stream], `the log file ${target.path} is a directory`, {
          hint: `name a file in it, such as ${target.path}/${spec.name}.log`,
        });
      }
      const owner = owners.get(target.path) ?? spec.name;
      owners.set(target.path, owner);
      if (owner === spec.name) continue;
      report(['apps', spec.name, 'logs', stream], `${owner} writes to ${target.path} already`, {
        hint: 'give each app a log file of its own',
      });
    }
  }
}
