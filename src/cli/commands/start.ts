// CLI: evenkeel start

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { findConfig } from '../../client/find-config.ts';
import { findManager, managerIn } from '../../client/find-manager.ts';
import { loadEcosystem } from '../../client/load-ecosystem.ts';
import { requireApps } from '../../client/require-apps.ts';
import { EvenkeelError } from '../../core/errors.ts';
import type { EcosystemSpec } from '../../core/spec.ts';
import type { ControlClient } from '../../platform/control-client.ts';
import type { StartBody } from '../../protocol/control-api.ts';
import { folderOfScripts } from '../../protocol/script-starts.ts';
import { say, start, startManaged } from '../bring-up.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { flag } from '../options.ts';
import { givenOption, scriptOptions } from '../script-options.ts';

const options = {
  foreground: flag('--foreground', 'stay, and stop everything when told to end (SIGINT, SIGTERM)'),
  ...scriptOptions,
};

export const command = defineCommand({
  usage: '[options] [app...]\n       evenkeel start [options] script [args...]',
  arguments: [{ syntax: '[app...]', description: 'all apps of the config where none is named' }],
  options,
  ownsTheRest: isScript,
  details: [
    'Returns when the apps are ready. What runs already is left as it is: `evenkeel reload`',
    'applies changes of the config. Where no manager runs, the config is validated first; a',
    'manager adopts what an earlier one has left running, also where the config has errors.',
    '',
    'A name with "." or "/" in it is a script, which is started without a config. All that',
    'follows it is passed to it (a -- right behind it is not). It gets the environment of this',
    'command, and keeps it: later deploys use the same, unless they say --env or --shell-env.',
    'What was said is noted in .evenkeel, so that all commands work from this folder, and',
    '`evenkeel start` brings everything back. `evenkeel init --from-running` writes a config.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel start', does: 'start everything' },
    { line: 'evenkeel start web api', does: 'start two apps, and those they depend on' },
    { line: 'evenkeel start --profile production', does: 'start with a profile of the config' },
    { line: 'evenkeel start server.js --verbose', does: 'start a script, with an argument' },
    { line: 'evenkeel start --workers max --env PORT=80 web.js', does: 'one for each CPU, with a variable' },
    { line: 'exec evenkeel start --foreground', does: 'in a container or a systemd unit' },
  ],
  run: async (context, args, values) => {
    const at = args.findIndex(isScript);
    const script = args[at];
    if (script === undefined || (await isAppOfConfig(context, script))) {
      refuseOption(givenOption(values));
      return startApps(context, args, values.foreground).catch((error) => {
        throw perhapsScript(context, args, error);
      });
    }
    if (at > 0) throw new EvenkeelError('BAD_USAGE', 'name apps or a script, not both');
    const { startScript } = await import('../start-script.ts');
    return startScript(context, script, args.slice(at + 1), values);
  },
});

function isScript(argument: string): boolean {
  return /[./]/.test(argument);
}

/** A config may have names with a dot. */
async function isAppOfConfig(context: Context, name: string): Promise<boolean> {
  const config = findConfig(context.cwd, context.globals.config);
  if (name.includes('/') || config === null || folderOfScripts(config) !== null) return false;
  if (existsSync(resolve(context.cwd, name))) return false;
  const { apps } = await loadEcosystem(context);
  return apps.some((app) => app.name === name);
}

/** `evenkeel start server`, where there is a server.js. */
function perhapsScript({ cwd }: Context, names: readonly string[], error: unknown): unknown {
  if (!(error instanceof EvenkeelError) || !['NO_CONFIG', 'NO_SUCH_APP'].includes(error.code)) return error;
  const files = names.flatMap((name) => [name, `${name}.js`, `${name}.mjs`, `${name}.cjs`]);
  const file = files.find((path) => existsSync(resolve(cwd, path)));
  if (file === undefined) return error;
  return new EvenkeelError(error.code, error.message, { hint: `To start the script: evenkeel start ./${file}` });
}

/** How a script is run says nothing of apps. */
function refuseOption(given: string | null): void {
  if (given === null) return;
  throw new EvenkeelError('BAD_USAGE', `option '${given}' belongs to a script, and none is named`, {
    hint: 'evenkeel start [options] server.js [args...]; what an app of the config does is said there.',
  });
}

async function startApps(context: Context, apps: readonly string[], foreground: boolean): Promise<Outcome> {
  const running = await findManager(context);
  if (running !== null) return bringUp(context, running, apps, foreground);
  let spec: EcosystemSpec;
  try {
    spec = await loadEcosystem(context);
  } catch (error) {
    if (!(error instanceof EvenkeelError) || error.code !== 'CONFIG_INVALID') throw error;
    const { adoptAlone } = await import('../adopt-alone.ts');
    return await adoptAlone(context, error, foreground);
  }
  requireApps(
    apps,
    spec.apps.map((app) => app.name),
  );
  // Found only now that the config was read: one that says nothing of itself anywhere else.
  const hidden = await managerIn(spec.stateDir);
  if (hidden !== null) return bringUp(context, hidden, apps, foreground);
  return startManaged(context, spec, bodyOf(apps), foreground);
}

async function bringUp(
  context: Context,
  client: ControlClient,
  apps: readonly string[],
  foreground: boolean,
): Promise<Outcome> {
  const { pid } = await client.version();
  if (foreground) {
    throw new EvenkeelError('MANAGER_RUNS', `a manager runs already (pid ${pid})`, {
      hint: '`evenkeel stop` stops it and its apps; then it can be started in the foreground.',
    });
  }
  say(context, `the manager runs already (pid ${pid})`);
  if (context.globals.profile !== null)
    say(context, '--profile has no effect: the manager keeps the one it was started with');
  return start(context, client, bodyOf(apps));
}

function bodyOf(apps: readonly string[]): StartBody {
  return apps.length === 0 ? {} : { apps };
}
