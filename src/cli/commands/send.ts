// CLI: evenkeel send

import { EvenkeelError } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { operate } from '../operate.ts';
import { flag } from '../options.ts';
import { useManager } from '../use-manager.ts';

export const command = defineCommand({
  arguments: [
    { syntax: '<app>', description: 'the app' },
    { syntax: '<message>', description: 'a text; with --parse, JSON' },
  ],
  options: {
    parse: flag('--parse', 'the message is JSON: workers get what it says, not the text'),
  },
  details: [
    "To every worker of a Node app, as process.send of its parent: process.on('message', ...). Waits",
    'until each has been sent it, not until it has done something. Exit code 1 where a worker could',
    'not get it, such as one that has closed its channel.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel send web clear-cache', does: "workers get the text 'clear-cache'" },
    { line: `evenkeel send web --parse '{"level":"debug"}'`, does: 'workers get an object' },
  ],
  run: async (context, [app = '', text = ''], { parse }) => {
    const message = parse ? parsed(text) : text;
    const client = await useManager(context);
    const steps = [{ path: `/v1/apps/${encodeURIComponent(app)}/send`, body: { message } }];
    return operate(context, client, { steps, aborts: 'nothing' });
  },
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EvenkeelError('BAD_USAGE', `the message is not JSON: ${error instanceof Error ? error.message : error}`, {
      hint: 'Put it into quotes for the shell, or send it as a text without --parse.',
    });
  }
}
