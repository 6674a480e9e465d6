// CLI: evenkeel history

import { findManager } from '../../client/find-manager.ts';
import { EXIT } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { FoundHistory } from '../history-from-files.ts';
import { viewEnv, viewHistory } from '../history-view.ts';
import { flag } from '../options.ts';
import { tableRules } from '../table.ts';
import { tellOfConfig, tellOfProfile } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [{ syntax: '<app>', description: 'the app' }],
  options: {
    showEnv: flag('--show-env', 'show the values of env too; they may be secret'),
  },
  details: [
    'When each generation was deployed, why, how it ended and what it cost: requests finished',
    'while draining, connections cut, workers killed. * marks the one that serves. Where they ran',
    'in different folders, or different scripts, these are named, with symlinks resolved. Those that',
    'are done can be rolled back to. Without a manager it comes from the state directory.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel history web', does: 'the deploys of one app' },
    { line: 'evenkeel history web --json --show-env', does: 'with the settings of each, env included' },
  ],
  run: async (context, [app = ''], { showEnv }) => {
    const { generations, document } = await historyOf(context, app, showEnv);
    const table = viewHistory(generations, tableRules(context.out));
    const text = showEnv ? `${table}${viewEnv(generations)}` : table;
    return { kind: 'result', exit: EXIT.done, document, text };
  },
});

async function historyOf(context: Context, app: string, showEnv: boolean): Promise<FoundHistory> {
  const client = await findManager(context);
  if (client === null) {
    const { historyFromFiles } = await import('../history-from-files.ts');
    return await historyFromFiles(context, app, showEnv);
  }
  tellOfConfig(context);
  await tellOfProfile(context, client);
  const answer = await client.history(app, { showEnv });
  return { generations: answer.generations, document: answer };
}
