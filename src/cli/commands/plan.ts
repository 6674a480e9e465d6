// CLI: evenkeel plan

import { findManager } from '../../client/find-manager.ts';
import { loadEcosystem } from '../../client/load-ecosystem.ts';
import { EXIT } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { planChanges } from '../../core/plan-changes.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { viewPlan } from '../plan-view.ts';

export const command = defineCommand({
  arguments: [],
  options: {},
  details: [
    'Reads the file again and compares it with what runs, key by key. Changes nothing. Values',
    'of env are not shown. Where no manager runs, it is what `evenkeel start` would do. With',
    '--profile it is what a reload with that profile would do.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel plan', does: 'what a reload would change, and why' },
    { line: 'evenkeel plan --json', does: 'for a check before a release' },
  ],
  run: async (context) => {
    const plan = await makePlan(context);
    return { kind: 'result', exit: EXIT.done, document: plan, text: viewPlan(plan, context.out.style) };
  },
});

async function makePlan(context: Context): Promise<Plan> {
  const client = await findManager(context);
  if (client !== null) return client.plan(context.globals.profile ?? undefined);
  const { changes } = planChanges([], (await loadEcosystem(context)).apps);
  return { changes, notices: ['no manager is running: this is what `evenkeel start` would do'] };
}
