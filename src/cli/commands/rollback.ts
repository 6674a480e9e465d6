// CLI: evenkeel rollback

import { defineCommand } from '../command.ts';
import { operate } from '../operate.ts';
import { duration, wholeNumber } from '../options.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [{ syntax: '<app>', description: 'the app' }],
  options: {
    to: wholeNumber('--to <generation>', 'the generation to go back to; default: the newest that differs', 1),
    timeout: duration('--timeout <time>', 'give up after this long, e.g. 90s'),
  },
  details: [
    'Deploys what an earlier generation ran: its code path, settings and environment, as they',
    'were pinned then, with as many workers as there are now. It gets a new number. Without --to',
    'it is the newest earlier one that differs in these from what serves, so restarts and scales do',
    'not count, and a second rollback goes forth again; --to goes further back. `evenkeel history`',
    'lists the generations. A reload goes by the file again. Ctrl-C aborts.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel rollback web', does: 'back to what ran before' },
    { line: 'evenkeel rollback web --to 3', does: 'back to generation 3' },
  ],
  run: async (context, [app = ''], { to, timeout }) => {
    const client = await useManager(context);
    const body = { ...(to === null ? {} : { to }), ...(timeout === null ? {} : { timeout }) };
    const steps = [{ path: `/v1/apps/${encodeURIComponent(app)}/rollback`, body }];
    return operate(context, client, { steps, aborts: 'begun' });
  },
});
