// Rule: an app's user exists, and evenkeel may become that user. (config loader)

import type { RuleContext } from './draft.ts';

export function checkUsers({ apps, users, report }: RuleContext): void {
  for (const { spec } of apps) {
    const problem = spec.user === null ? null : users.problemOf(spec.user);
    if (problem !== null) report(['apps', spec.name, 'user'], problem.message, { hint: problem.hint });
  }
}
