// Rule: what `strategy: handover` takes. (config loader)

import type { AppDraft, RuleContext } from './draft.ts';

export function checkHandover({ apps, report }: RuleContext): void {
  for (const { spec } of apps) {
    const fault = spec.deploy.strategy === 'handover' ? findFault(spec) : null;
    if (fault !== null) report(['apps', spec.name, 'deploy', 'strategy'], fault.message, { hint: fault.hint });
  }
}

interface Fault {
  readonly message: string;
  readonly hint: string;
}

/** What does not serve on a port says by other means that it is ready. */
function findFault({ listen, ready }: AppDraft['spec']): Fault | null {
  if (listen.length > 0 || ready.on === 'message' || ready.on === 'log' || ready.on === 'delay') return null;
  return {
    message: 'handover needs `listen`: any other port refuses connections between the old workers and the new ones',
    hint: 'put every port that the app listens on under `listen`, e.g. listen: [3000]',
  };
}
