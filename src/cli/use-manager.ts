// CLI: the manager, for commands that have no use for a profile; and a word where one was given to them in vain.

import { findConfig, unusedBeside } from '../client/find-config.ts';
import { formerConfig, requireManager } from '../client/find-manager.ts';
import { describeProfile, reloadCommand } from '../core/profile.ts';
import type { ControlClient } from '../platform/control-client.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import type { Context } from './context.ts';
import { displayPath } from './describe-error.ts';

/** Throws NO_CONFIG or NO_MANAGER. */
export async function useManager(context: Context): Promise<ControlClient> {
  const client = await requireManager(context);
  tellOfConfig(context);
  await tellOfProfile(context, client);
  return client;
}

/** On stderr, where the manager was started for a config that has another name or place by now. */
export function tellOfConfig(context: Context): void {
  const former = context.globals.quiet ? null : formerConfig(context);
  if (former === null) return;
  context.err.write(
    `the manager was started for ${former}, which is gone; what runs is found by its state directory\n`,
  );
}

/** On stderr, where more than one config is in the folder and nobody said which. */
export function tellOfUnused({ cwd, globals, err }: Context): void {
  const config = findConfig(cwd, globals.config);
  if (globals.quiet || globals.config !== null || config === null || folderOfScripts(config) !== null) return;
  const unused = unusedBeside(config);
  if (unused.length === 0) return;
  err.write(`${displayPath(config, cwd)} is used, and not ${unused.join(', ')} beside it; --config names another\n`);
}

/** On stderr, where the manager runs with another profile than --profile says. */
export async function tellOfProfile({ globals, err }: Context, client: ControlClient): Promise<void> {
  if (globals.profile === null || globals.quiet) return;
  const { profile } = (await client.status()).manager;
  // One of an older version does not tell.
  if (profile === undefined || (profile ?? '') === globals.profile) return;
  const given = `--profile ${globals.profile === '' ? '""' : globals.profile}`;
  const switching = reloadCommand(globals.profile === '' ? null : globals.profile);
  err.write(`${given} has no effect: the manager runs ${describeProfile(profile)}; ${switching} switches\n`);
}
