// CLI: evenkeel scale

import { countWorkers } from '../../client/count-workers.ts';
import { requireApps } from '../../client/require-apps.ts';
import { EvenkeelError } from '../../core/errors.ts';
import { MAX_WORKERS } from '../../core/spec.ts';
import { defineCommand } from '../command.ts';
import { operate } from '../operate.ts';
import { parseWholeNumber } from '../options.ts';
import { useManager } from '../use-manager.ts';

interface Target {
  readonly app: string;
  readonly workers: number;
}

export const command = defineCommand({
  arguments: [{ syntax: '<app=count...>', description: 'an app and its number of workers: 4, max, max-1 or 50%' }],
  options: {},
  details: [
    'Starts or drains the difference; the other workers stay. `evenkeel plan` shows that this',
    'is not what the file says, and the next reload undoes it.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel scale web=4', does: 'run 4 workers of one app' },
    { line: 'evenkeel scale web=4 api=2', does: 'change two apps' },
    { line: 'evenkeel scale web=max', does: 'one worker for each CPU' },
  ],
  run: async (context, args) => {
    const targets = args.map(parseTarget);
    refuseTwice(targets);
    const client = await useManager(context);
    const { apps: known } = await client.status();
    requireApps(
      targets.map(({ app }) => app),
      known.map((app) => app.name),
    );
    const steps = targets.map(({ app, workers }) => ({
      path: `/v1/apps/${encodeURIComponent(app)}/scale`,
      body: { workers },
      what: `the scaling of ${app} to ${workers}`,
    }));
    return operate(context, client, { steps, aborts: 'nothing' });
  },
});

function parseTarget(given: string): Target {
  const [app = '', count = ''] = given.split('=', 2);
  const workers = countWorkers(parseWholeNumber(count) ?? count);
  if (app !== '' && workers !== null) return { app, workers };
  throw new EvenkeelError('BAD_USAGE', `"${given}" is not APP=N with N from 1 to ${MAX_WORKERS}, max, max-1 or 50%`, {
    hint: 'For example: evenkeel scale web=4. `evenkeel stop APP` stops an app.',
  });
}

/** The last one would win, and what came before it would have been in vain. */
function refuseTwice(targets: readonly Target[]): void {
  const twice = targets.find(({ app }, index) => targets.findIndex((other) => other.app === app) !== index);
  if (twice !== undefined)
    throw new EvenkeelError('BAD_USAGE', `"${twice.app}" is there twice: how many is it to have?`);
}
