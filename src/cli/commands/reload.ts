// CLI: evenkeel reload

import { requireManager } from '../../client/find-manager.ts';
import { defineCommand } from '../command.ts';
import { operate } from '../operate.ts';
import { tellOfConfig, tellOfUnused } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [],
  options: {},
  details: [
    'Changes exactly what the file says differently: `evenkeel plan` shows it beforehand. An',
    'invalid file changes nothing. Where one app fails, the others are brought up to date',
    'and the exit code is 1, as where an app that should run does not, for its workers keep',
    'failing. Undoes what `scale`, `deploy --env` and `rollback` have changed. Ctrl-C aborts the',
    'deploys that it began. --profile NAME goes by another profile from now on, and --profile ""',
    'by none.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel reload', does: 'make what runs what the file says' },
    { line: 'evenkeel reload --profile production', does: 'the same, and go by that profile from now on' },
    { line: 'evenkeel reload --json', does: 'with a result for each app, for scripts' },
  ],
  run: async (context) => {
    const client = await requireManager(context);
    tellOfUnused(context);
    tellOfConfig(context);
    const { profile } = context.globals;
    const body = profile === null ? {} : { profile: profile === '' ? null : profile };
    return operate(context, client, { steps: [{ path: '/v1/reload', body }], aborts: 'begun' });
  },
});
