// CLI: evenkeel plan

import { findConfig } from '../../client/find-config.ts';
import { findManager } from '../../client/find-manager.ts';
import { loadEcosystem } from '../../client/load-ecosystem.ts';
import { EXIT } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { folderOfScripts } from '../../protocol/script-starts.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { viewPlan } from '../plan-view.ts';
import { tellOfConfig, tellOfUnused } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [],
  options: {},
  details: [
    'Reads the file again and compares it with what runs, key by key. Changes nothing. Values',
    'of env are not shown. Where no manager runs, it is what `evenkeel start` would do: what runs',
    'on without one is taken over, and what commands have changed or stopped by name stays so.',
    'With --profile it is what a reload with that profile would do.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel plan', does: 'what a reload would change, and why' },
    { line: 'evenkeel plan --json', does: 'for a check before a release' },
  ],
  run: async (context) => {
    tellOfUnused(context);
    const plan = await makePlan(context);
    return { kind: 'result', exit: EXIT.done, document: plan, text: viewPlan(plan, context.out.style) };
  },
});

async function makePlan(context: Context): Promise<Plan> {
  const client = await findManager(context);
  if (client !== null) {
    tellOfConfig(context);
    const made = await client.plan(context.globals.profile ?? undefined);
    return withoutConfig(context) ? toldAtStart(made) : made;
  }
  const { planStart } = await import('../plan-start.ts');
  const { readRemains } = await import('../../client/remains.ts');
  const ecosystem = await loadEcosystem(context);
  return planStart(ecosystem, readRemains(ecosystem.stateDir));
}

function withoutConfig({ cwd, globals }: Context): boolean {
  const config = findConfig(cwd, globals.config);
  return config !== null && folderOfScripts(config) !== null;
}

function toldAtStart({ changes, notices }: Plan): Plan {
  return {
    changes,
    notices: [
      ...notices,
      'there is no config, so no reload does this: it is what differs from what `evenkeel start` was told',
    ],
  };
}
