// CLI: `stop --forget`: apps of `start SCRIPT` are stopped and taken out of scripts.json, which nobody edits by hand.

import { findConfig } from '../client/find-config.ts';
import { findManager } from '../client/find-manager.ts';
import { runningWithoutManager } from '../client/left-running.ts';
import { requireApps } from '../client/require-apps.ts';
import { EvenkeelError } from '../core/errors.ts';
import { notForgotten } from '../core/not-found.ts';
import type { ControlClient } from '../platform/control-client.ts';
import { noManager } from '../platform/control-http.ts';
import { defaultStateDir } from '../platform/registry.ts';
import type { AppResult } from '../protocol/control-api.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { report } from './operate.ts';
import { forgetStarts, readStarts } from './scripts-file.ts';

/** `stop`: has the manager stop and forget them. Throws BAD_USAGE, NO_SUCH_APP and what `stop` does. */
export async function forgetScripts(
  context: Context,
  apps: readonly string[],
  stop: (client: ControlClient) => Promise<Outcome>,
): Promise<Outcome> {
  const file = findConfig(context.cwd, context.globals.config);
  if (apps.length === 0) throw new EvenkeelError('BAD_USAGE', 'which app is to be forgotten? Name one or more');
  if (file === null) throw noManager();
  if (folderOfScripts(file) === null) throw notForgotten(file);
  const client = await findManager(context);
  const noted = Object.keys(readStarts(file).apps);
  if (client === null) {
    requireApps(apps, noted);
    const left = runningWithoutManager([defaultStateDir(file)]);
    if (left !== null) throw left;
    await forgetStarts(file, apps);
    return report(context, { ok: true, apps: apps.map(forgotten), notices: [], durationMs: 0 });
  }
  const known = (await client.status()).apps.map(({ name }) => name);
  requireApps(apps, [...new Set([...known, ...noted])]);
  // The file first: should this end in between, the manager still knows them, and it can be done again.
  await forgetStarts(file, apps);
  return await stop(client);
}

function forgotten(app: string): AppResult {
  const nothing = { reasons: [], deploy: null, failure: null, workers: null, error: null };
  return { ...nothing, app, action: 'stop', ok: true, message: 'forgotten', durationMs: 0 };
}
