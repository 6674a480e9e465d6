// CLI: evenkeel restart

import { requireApps } from '../../client/require-apps.ts';
import { defineCommand } from '../command.ts';
import { operate } from '../operate.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [{ syntax: '<app...>', description: 'the apps, restarted one after the other' }],
  options: {},
  details: [
    'Not zero-downtime: all workers of an app stop before the first one starts again.',
    '`evenkeel deploy` replaces them without that gap. They come back with the release that they',
    'ran: the one to which a symlink has been switched comes with `evenkeel deploy`, or with a stop',
    'and a start. Changes of `balance`, and of `listen` where the app holds the port itself, take',
    'effect at a restart only. Where it fails, the app is tried again, as after a crash, until',
    '`evenkeel stop APP`; why the first worker failed, and what it wrote last, is shown at once.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel restart worker', does: 'stop one app, then start it' },
    { line: 'evenkeel restart web api', does: 'first web, then api' },
  ],
  run: async (context, apps) => {
    const client = await useManager(context);
    const { apps: known } = await client.status();
    requireApps(
      apps,
      known.map((app) => app.name),
    );
    const steps = apps.map((app) => ({
      path: `/v1/apps/${encodeURIComponent(app)}/restart`,
      body: {},
      what: `the restart of ${app}`,
    }));
    return operate(context, client, { steps, aborts: 'nothing', goesOnTrying: true });
  },
});
