// CLI: evenkeel stop

import { untilGone } from '../../client/await-manager.ts';
import { EXIT } from '../../core/errors.ts';
import type { ControlClient } from '../../platform/control-client.ts';
import { identify } from '../../platform/process-identity.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { operate } from '../operate.ts';
import { duration } from '../options.ts';
import { useManager } from '../use-manager.ts';

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
    const client = await useManager(context);
    const body = { ...(apps.length === 0 ? {} : { apps }), ...(timeout === null ? {} : { timeout }) };
    return apps.length === 0 ? stopEverything(context, client, body) : stop(context, client, body);
  },
});

function stop(context: Context, client: ControlClient, body: object): Promise<Outcome> {
  return operate(context, client, { steps: [{ path: '/v1/stop', body }], aborts: 'nothing' });
}

async function stopEverything(context: Context, client: ControlClient, body: object): Promise<Outcome> {
  const manager = identify((await client.version()).pid);
  const outcome = await stop(context, client, body);
  if (outcome.exit === EXIT.done && manager !== null) await untilGone(manager);
  return outcome;
}
