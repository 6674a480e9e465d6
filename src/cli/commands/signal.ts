// CLI: evenkeel signal

import { EvenkeelError } from '../../core/errors.ts';
import { parseSignal } from '../../platform/parse-signal.ts';
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

function signalOf(given: string): string {
  const signal = parseSignal(given);
  if (signal !== null) return signal;
  throw new EvenkeelError('BAD_USAGE', `"${given}" is not a signal that this system has`, {
    hint: 'SIGHUP, USR1 or 10, for example.',
  });
}
