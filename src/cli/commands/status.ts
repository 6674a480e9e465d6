// CLI: evenkeel status. Kept light: what only the table or --watch needs is loaded for them alone.

import { EXIT } from '../../core/errors.ts';
import type { Status } from '../../core/status.ts';
import type { ControlClient } from '../../platform/control-client.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { flag } from '../options.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [{ syntax: '[app]', description: 'show one app, with its workers' }],
  options: {
    watch: flag('-w, --watch', 'show it anew each second, until Ctrl-C'),
  },
  details: [
    'Starts nothing: exit code 3 where no manager runs. Columns: ready is workers ready / wanted,',
    'restarts counts workers that came back after they ended unasked, cpu is of one core. A terminal',
    'that is too narrow gets fewer columns.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel status', does: 'all apps' },
    { line: 'evenkeel status web', does: 'the workers of one app' },
    { line: 'evenkeel status --json', does: 'for scripts (schemas/status.schema.json)' },
  ],
  run: async (context, [app], { watch }) => {
    const client = await useManager(context);
    if (watch) {
      const { watchStatus } = await import('../watch-status.ts');
      return watchStatus(context, () => look(context, client, app));
    }
    const { status, text } = await look(context, client, app);
    return { kind: 'result', exit: EXIT.done, document: status, text };
  },
});

async function look(
  context: Context,
  client: ControlClient,
  app: string | undefined,
): Promise<{ readonly status: Status; readonly text: string }> {
  const status = await client.status(app);
  if (context.globals.json) return { status, text: '' };
  const { viewApp, viewStatus } = await import('../status-view.ts');
  const { tableRules } = await import('../table.ts');
  const [only] = status.apps;
  const isOne = app !== undefined && only !== undefined;
  const rules = tableRules(context.out);
  return { status, text: isOne ? viewApp(only, context.now(), rules) : viewStatus(status, context.now(), rules) };
}
