// CLI: evenkeel stop

import { requireManager } from '../../client/find-manager.ts';
import { EvenkeelError, EXIT } from '../../core/errors.ts';
import type { ControlClient } from '../../platform/control-client.ts';
import { identify, type ProcessIdentity, waitForExit } from '../../platform/process-identity.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { operate } from '../operate.ts';
import { duration } from '../options.ts';

/** What the manager needs to go once everything is stopped, at most, in milliseconds. */
const EXIT_TIMEOUT = 15_000;

export const command = defineCommand({
  arguments: [{ syntax: '[app...]', description: 'all apps, and then the manager itself, where none is named' }],
  options: {
    timeout: duration(
      '--timeout <time>',
      'kill workers that still run after this long; default: stop.timeout of the config',
    ),
  },
  details: [
    'Workers drain first: they finish what they have begun. A stopped app stays stopped, over',
    'reloads and restarts of the manager, until `evenkeel start APP`.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel stop', does: 'stop everything' },
    { line: 'evenkeel stop web --timeout 5s', does: 'stop one app, in 5 seconds at most' },
  ],
  run: async (context, apps, { timeout }) => {
    const client = await requireManager(context);
    const body = { ...(apps.length === 0 ? {} : { apps }), ...(timeout === null ? {} : { timeout }) };
    return apps.length === 0 ? stopEverything(context, client, body) : stop(context, client, body);
  },
});

function stop(context: Context, client: ControlClient, body: object): Promise<Outcome> {
  return operate(context, client, { steps: [{ path: '/v1/stop', body }], aborts: 'nothing' });
}

/** A `start` that follows must not meet the manager that is about to go. */
async function stopEverything(context: Context, client: ControlClient, body: object): Promise<Outcome> {
  const manager = identify((await client.version()).pid);
  const outcome = await stop(context, client, body);
  if (outcome.exit === EXIT.done && manager !== null) await waitForManager(manager);
  return outcome;
}

async function waitForManager(manager: ProcessIdentity): Promise<void> {
  if (await waitForExit(manager, EXIT_TIMEOUT)) return;
  throw new EvenkeelError('TIMED_OUT', `the apps are stopped, but the manager (pid ${manager.pid}) has not ended`, {
    hint: 'Its log, manager.log in the state directory, may tell why.',
  });
}
