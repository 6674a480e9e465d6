// CLI: `start SCRIPT`.

import { say, start, startManaged } from './bring-up.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { prepareScript } from './prepare-script.ts';
import { namedStart, type ScriptOptions, scriptOptions } from './script-options.ts';

/** `args`: all that follows the script. */
export async function startScript(
  context: Context,
  script: string,
  args: readonly string[],
  values: ScriptOptions & { readonly foreground: boolean },
): Promise<Outcome> {
  const { foreground } = values;
  const named = namedStart(context, script, args, values);
  const prepared = await prepareScript(context, named, { foreground, say: (line) => say(context, line) });
  try {
    warnOfOptions(context, script, named.start.args);
    // What `scale` and its like have changed of an earlier one of this name is not what was said now.
    const body = { apps: [named.name], reset: true };
    const { client, ecosystem } = prepared;
    if (client !== null) return await start(prepared.context, client, body);
    // It stays for as long as the app runs; its manager has the folder by then.
    if (foreground) prepared.release();
    return await startManaged(prepared.context, ecosystem, body, foreground);
  } finally {
    prepared.release();
  }
}

/** `start server.js --workers 4` may not be what was meant. */
function warnOfOptions(context: Context, script: string, args: readonly string[]): void {
  const flags = ['--foreground', ...Object.values(scriptOptions).map((option) => option.flags.split(' ')[0])];
  const taken = args.find((arg) => flags.includes(arg.split('=')[0]));
  if (taken !== undefined) say(context, `${taken} goes to ${script}: options of evenkeel come before the script`);
}
