// CLI: evenkeel abort

import { defineCommand } from '../command.ts';
import { operate } from '../operate.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [{ syntax: '<app>', description: 'the app whose deploy or start is under way' }],
  options: {},
  details: [
    'The new workers are ended and the old generation goes on serving. Once the last old workers are',
    'being retired there is no way back: then it means "finish now", and they have one more second. An',
    'app that is just being started has none: it is stopped again.',
  ].join('\n'),
  examples: [{ line: 'evenkeel abort web', does: 'abort the deploy of one app' }],
  run: async (context, [app = '']) => {
    const client = await useManager(context);
    const steps = [{ path: `/v1/apps/${encodeURIComponent(app)}/abort`, body: {}, what: `the abort of ${app}` }];
    return operate(context, client, { steps, aborts: 'nothing' });
  },
});
