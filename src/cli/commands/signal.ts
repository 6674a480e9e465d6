// CLI: evenkeel signal

import { constants } from 'node:os';
import { EvenkeelError } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { operate } from '../operate.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [
    { syntax: '<app>', description: 'the app' },
    { syntax: '<signal>', description: 'its name, with or without SIG, or its number' },
  ],
  options: {},
  details: [
    'To every worker of the app, also those that boot or drain, and to nothing that they started.',
    'It is up to the app what the signal means: a worker that has no handler for it usually ends,',
    'and comes back as after a crash. To replace workers without a lost request, use',
    '`evenkeel deploy`.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel signal web SIGUSR2', does: 'as kill -USR2 to each worker' },
    { line: 'evenkeel signal web hup', does: 'the same with SIGHUP' },
  ],
  run: async (context, [app = '', given = '']) => {
    const signal = signalOf(given);
    const client = await useManager(context);
    const steps = [{ path: `/v1/apps/${encodeURIComponent(app)}/signal`, body: { signal } }];
    return operate(context, client, { steps, aborts: 'nothing' });
  },
});

/** "SIGHUP" for "SIGHUP", "hup" and "1". */
function signalOf(given: string): string {
  const name = given.toUpperCase();
  const known = Object.entries(constants.signals).find(
    ([signal, number]) => signal === name || signal === `SIG${name}` || String(number) === given,
  );
  if (known !== undefined) return known[0];
  throw new EvenkeelError('BAD_USAGE', `"${given}" is not a signal that this system has`, {
    hint: 'SIGHUP, USR1 or 10, for example.',
  });
}
