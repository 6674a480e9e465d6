// CLI: `status --watch`: the status again and again, in place on a terminal.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../core/status.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { followStream } from './follow-stream.ts';
import { createLiveArea } from './live-area.ts';

/** Milliseconds between two looks. */
const INTERVAL = 1000;

/** Ends by Ctrl-C, when nobody reads any more, or by the error of a look. */
export async function watchStatus(
  context: Context,
  look: () => Promise<{ readonly status: Status; readonly text: string }>,
): Promise<Outcome> {
  const { out, globals } = context;
  const area = out.isTTY && !globals.json ? await createLiveArea(out) : null;
  try {
    return await followStream(context, async (end) => {
      while (!end.aborted) {
        const { status, text } = await look();
        if (globals.json) out.write(`${JSON.stringify(status)}\n`);
        else if (area === null) out.write(`${text}\n`);
        else area.draw(text.trimEnd().split('\n'));
        await sleep(INTERVAL, undefined, { signal: end });
      }
    });
  } finally {
    area?.keep();
  }
}
