// CLI: evenkeel stop

import { untilGone } from '../../client/await-manager.ts';
import { EvenkeelError, EXIT } from '../../core/errors.ts';
import type { ControlClient } from '../../platform/control-client.ts';
import { noManager } from '../../platform/control-http.ts';
import { identify } from '../../platform/process-identity.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { operate } from '../operate.ts';
import { NOTHING_TO_DO } from '../operation-view.ts';
import { duration, flag } from '../options.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [{ syntax: '[app...]', description: 'all apps, and then the manager itself, where none is named' }],
  options: {
    timeout: duration(
      '--timeout <time>',
      'kill workers that still run after this long; default: stop.timeout of the config',
    ),
    forget: flag('--forget', 'forget apps of `start SCRIPT`, so that no start brings them back'),
  },
  details: [
    'Workers drain first: they finish what they have begun. An app that is stopped by name stays',
    'stopped, over reloads, `evenkeel stop` of everything, restarts of the manager and of the',
    'machine, until `evenkeel start APP`, or `evenkeel start` while a manager runs.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel stop', does: 'stop everything' },
    { line: 'evenkeel stop web --timeout 5s', does: 'stop one app, in 5 seconds at most' },
    { line: 'evenkeel stop server --forget', does: 'be rid of a script that was started' },
  ],
  run: async (context, apps, { timeout, forget }) => {
    const limit = timeout === null ? {} : { timeout };
    if (forget) {
      const { forgetScripts } = await import('../forget-scripts.ts');
      const what = `the stop of ${apps.join(', ')}`;
      return forgetScripts(context, apps, (client) => stop(context, client, { apps, forget, ...limit }, what));
    }
    const client = await useManager(context).catch((error) => {
      throw explain(error);
    });
    const body = { ...(apps.length === 0 ? {} : { apps }), ...limit };
    return apps.length === 0
      ? stopEverything(context, client, body)
      : stop(context, client, body, `the stop of ${apps.join(', ')}`);
  },
});

function stop(context: Context, client: ControlClient, body: object, what: string): Promise<Outcome> {
  return operate(context, client, { steps: [{ path: '/v1/stop', body, what }], aborts: 'nothing' });
}

async function stopEverything(context: Context, client: ControlClient, body: object): Promise<Outcome> {
  const { pid } = await client.version();
  const manager = identify(pid);
  const outcome = await stop(context, client, body, 'the stop of everything, and of the manager,');
  if (outcome.exit !== EXIT.done) return outcome;
  if (manager !== null) await untilGone(manager);
  if (outcome.kind !== 'result' || context.globals.quiet) return outcome;
  // The manager itself is always something that was done.
  const apps = outcome.text === NOTHING_TO_DO ? '' : outcome.text;
  return { ...outcome, text: `${apps}manager stopped (pid ${pid})\n` };
}

/** Where something runs on without a manager, the error says what to do about it. */
function explain(error: unknown): unknown {
  const { code, message } = noManager();
  if (!(error instanceof EvenkeelError) || error.code !== code || error.message !== message) return error;
  return new EvenkeelError(code, message, { hint: 'There is nothing to stop.' });
}
