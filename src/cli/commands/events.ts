// CLI: evenkeel events

import { findManager, stateDirs } from '../../client/find-manager.ts';
import { describeEvent } from '../../core/describe-event.ts';
import { EXIT } from '../../core/errors.ts';
import type { EvenkeelEvent } from '../../core/events.ts';
import { noManager } from '../../platform/control-http.ts';
import { stateLayout } from '../../platform/paths.ts';
import { isEvent } from '../../protocol/control-guards.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { followStream } from '../follow-stream.ts';
import { formatTime } from '../format-time.ts';
import { flag, wholeNumber } from '../options.ts';
import { tellOfProfile } from '../use-manager.ts';

/** Past events without -n. */
const USUAL_COUNT = 50;

export const command = defineCommand({
  arguments: [],
  options: {
    follow: flag('-f, --follow', 'stay and show what happens, until Ctrl-C'),
    lines: wholeNumber('-n, --lines <count>', `how many past events; default: ${USUAL_COUNT}`, 0),
  },
  details: [
    'Starts, deploys, exits, reloads: everything, oldest first. Where no manager runs, the',
    'last ones of its log are shown. With --json, one JSON object per line. -f needs a manager, and',
    'ends with it: exit code 0 where that was stopped, 3 where it was killed.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel events -n 20', does: 'the last 20' },
    { line: 'evenkeel events -f --json', does: 'as they happen, for scripts' },
  ],
  run: async (context, _args, { follow, lines }) => {
    const count = lines ?? USUAL_COUNT;
    const client = await findManager(context);
    if (client === null && follow) throw noManager();
    if (client === null) return showPast(context, count);
    await tellOfProfile(context, client);
    return followStream(context, async (signal) => {
      for await (const event of client.events({ n: count, follow, signal })) show(context, event);
    });
  },
});

function show({ out, globals }: Context, event: EvenkeelEvent): void {
  const line = globals.json
    ? JSON.stringify(event)
    : `${out.style('dim', formatTime(event.time))} ${describeEvent(event)}`;
  out.write(`${line}\n`);
}

async function showPast(context: Context, count: number): Promise<Outcome> {
  const { lastLinesOfFile } = await import('../../logs/tail.ts');
  for await (const stateDir of stateDirs(context)) {
    const lines = await lastLinesOfFile(stateLayout(stateDir).managerLog, count);
    for (const event of lines.map(parse).filter(isEvent)) show(context, event);
    if (lines.length > 0) return { kind: 'streamed', exit: EXIT.done };
  }
  throw noManager();
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
