// CLI: evenkeel history

import { EXIT } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { viewEnv, viewHistory } from '../history-view.ts';
import { flag } from '../options.ts';
import { tableRules } from '../table.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [{ syntax: '<app>', description: 'the app' }],
  options: {
    showEnv: flag('--show-env', 'show the values of env too; they may be secret'),
  },
  details: [
    'When each generation was deployed, why, how it ended and what it cost: requests finished',
    'while draining, connections cut, workers killed. * marks the one that serves. Generations',
    'that are done can be rolled back to.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel history web', does: 'the deploys of one app' },
    { line: 'evenkeel history web --json --show-env', does: 'with the settings of each, env included' },
  ],
  run: async (context, [app = ''], { showEnv }) => {
    const client = await useManager(context);
    const answer = await client.history(app, { showEnv });
    const table = viewHistory(answer.generations, tableRules(context.out));
    const text = showEnv ? `${table}${viewEnv(answer.generations)}` : table;
    return { kind: 'result', exit: EXIT.done, document: answer, text };
  },
});
