// All rules: what no schema can say, for it takes more than one value, or a look at the disk. (config loader)

import { checkAddresses } from './addresses.ts';
import { checkDependencies } from './dependencies.ts';
import type { RuleContext } from './draft.ts';
import { checkHandover } from './handover.ts';
import { checkLimits } from './limits.ts';
import { checkLogs } from './logs.ts';
import { checkPrograms } from './program.ts';
import { checkReadiness } from './readiness.ts';
import { checkUsers } from './users.ts';

export function checkRules(context: RuleContext): void {
  checkPrograms(context);
  checkReadiness(context);
  checkAddresses(context);
  checkDependencies(context);
  checkLogs(context);
  checkLimits(context);
  checkHandover(context);
  checkUsers(context);
}
