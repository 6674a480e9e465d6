// CLI: `start` with a config that cannot be used, where an earlier manager has left something running: a manager takes
// that over as it is, so that it can be seen and stopped. Nothing else is started.

import { knownStateDirs } from '../client/find-manager.ts';
import { type BootConfig, startManager } from '../client/start-manager.ts';
import { EvenkeelError } from '../core/errors.ts';
import { wasUsed } from '../platform/presence.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';

/** `error`: what is wrong with the config; thrown in the end, and at once where nothing was left. */
export async function adoptAlone(context: Context, error: EvenkeelError, foreground: boolean): Promise<Outcome> {
  const stateDir = await usedStateDir(context);
  if (stateDir === null) throw error;
  const config: BootConfig = { stateDir, config: { ok: false, error: error.toBody() } };
  if (foreground) {
    const { runInForeground } = await import('./run-in-foreground.ts');
    return await runInForeground(context, config, null);
  }
  const started = await startManager(context, config, { foreground });
  if (started === null) throw error;
  if (!context.globals.quiet) context.err.write(`manager started (pid ${started.report.pid})\n`);
  throw new EvenkeelError('CONFIG_INVALID', error.message, {
    hint: 'What ran before is looked after as it is; nothing else was started. When the config is put right: `evenkeel start`, `evenkeel reload`.',
    problems: error.problems,
  });
}

async function usedStateDir(context: Context): Promise<string | null> {
  for await (const stateDir of knownStateDirs(context)) if (wasUsed(stateDir)) return stateDir;
  return null;
}
