// CLI: evenkeel start

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { untilAnswered } from '../../client/await-manager.ts';
import { findConfig } from '../../client/find-config.ts';
import { findAnsweringManager, managerIn } from '../../client/find-manager.ts';
import { loadEcosystem } from '../../client/load-ecosystem.ts';
import { requireApps } from '../../client/require-apps.ts';
import { anewOf, bootConfig, startManager } from '../../client/start-manager.ts';
import { EvenkeelError, EXIT } from '../../core/errors.ts';
import type { EcosystemSpec } from '../../core/spec.ts';
import { ControlClient } from '../../platform/control-client.ts';
import { stateLayout } from '../../platform/paths.ts';
import type { StartBody } from '../../protocol/control-api.ts';
import { folderOfScripts, SCRIPT_READY } from '../../protocol/script-starts.ts';
import { defineCommand, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { describeError } from '../describe-error.ts';
import { type Operation, operate } from '../operate.ts';
import { withManager } from '../operation-view.ts';
import { assignments, choice, flag, type OptionValues, size, text, texts, workerCount } from '../options.ts';
import { describeUpgrade } from '../upgrade.ts';
import { tellOfConfig, tellOfProfile, tellOfUnused } from '../use-manager.ts';

const scriptOptions = {
  name: text('--name <name>', "a script's name as an app; default: that of its file, without the extension"),
  cwd: text('--cwd <path>', "a script's working directory; default: this one"),
  workers: workerCount('--workers <count>', 'how many processes run a script: 4, max, max-1 or 50%; default: 1'),
  nodeArgs: texts('--node-args <args>', 'options of Node for a script; may be given more than once'),
  ready: choice(
    '--ready <when>',
    SCRIPT_READY,
    'when a script is ready: listening (default), message (it sends "ready"), or delay, for one that is no server: it has lived for 1 s',
  ),
  env: assignments('--env <name=value>', 'a variable for a script; may be given more than once'),
  stdout: text('--stdout <file>', 'where a script prints to; default: logs/NAME.out.log; /dev/null: nowhere'),
  stderr: text('--stderr <file>', 'the same for its stderr; default: logs/NAME.err.log'),
  maxLogSize: size('--max-log-size <size>', 'rotate these files when they are larger; default: 10M'),
};

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
    'Without names, a start of the manager leaves stopped what `evenkeel stop APP` has stopped,',
    'and says so; while a manager runs, it brings up everything. What `scale`, `rollback` and',
    'options of `deploy` have changed holds until the next reload, and is told.',
    '',
    'An app that does not come up is told (exit code 1 or 4), and tried again, as after a crash,',
    'until it serves or `evenkeel stop APP`. Ctrl-C stops what this start is bringing up, begins',
    'nothing else, and exits with 130; what is up by then stays. A second one leaves at once.',
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
    { line: 'evenkeel start --ready delay queue.js', does: 'a script that does not listen' },
    { line: 'exec evenkeel start --foreground', does: 'in a container or a systemd unit' },
  ],
  run: async (context, args, values) => {
    const at = args.findIndex(isScript);
    const script = args[at];
    if (script === undefined || (await isAppOfConfig(context, script))) {
      return start(context, appsAlone(args, values), values.foreground).catch((error) => {
        throw perhapsScript(context, args, error);
      });
    }
    return startScript(context, args.slice(0, at), script, args.slice(at + 1), values);
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

/** `evenkeel start server`, where there is a server.js, and no config beside which no script is started. */
function perhapsScript({ cwd, globals }: Context, names: readonly string[], error: unknown): unknown {
  if (!(error instanceof EvenkeelError) || !['NO_CONFIG', 'NO_SUCH_APP'].includes(error.code)) return error;
  const config = findConfig(cwd, globals.config);
  if (config !== null && folderOfScripts(config) === null) return error;
  const files = names.flatMap((name) => [name, `${name}.js`, `${name}.mjs`, `${name}.cjs`]);
  const file = files.find((path) => existsSync(resolve(cwd, path)));
  if (file === undefined) return error;
  return new EvenkeelError(error.code, error.message, { hint: `To start the script: evenkeel start ./${file}` });
}

async function start(context: Context, apps: readonly string[], foreground: boolean): Promise<Outcome> {
  tellOfUnused(context);
  const running = await findAnsweringManager(context);
  if (running !== null) return bringUp(context, running, apps, foreground);
  let spec: EcosystemSpec;
  try {
    spec = await loadEcosystem(context, { forManager: true });
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
  const body: StartBody = apps.length === 0 ? { keepStopped: true } : { apps };
  return startManaged(context, spec, body, foreground);
}

async function startScript(
  context: Context,
  apps: readonly string[],
  script: string,
  args: readonly string[],
  values: OptionValues<typeof options>,
): Promise<Outcome> {
  if (apps.length > 0) throw new EvenkeelError('BAD_USAGE', 'name apps or a script, not both');
  const { namedStart } = await import('../script-options.ts');
  const { prepareScript } = await import('../prepare-script.ts');
  const { foreground } = values;
  const named = namedStart(context, script, args, values);
  const prepared = await prepareScript(context, named, { foreground, say: (line) => say(context, line) });
  try {
    warnOfOptions(context, script, named.start.args);
    // What `scale` and its like have changed of an earlier one of this name is not what was said now.
    const body = { apps: [named.name], reset: true };
    const { client, ecosystem } = prepared;
    // It stays for as long as the app runs; its manager has the folder by then.
    if (foreground) prepared.release();
    if (client === null) return await startManaged(prepared.context, ecosystem, body, foreground);
    return await operate(prepared.context, client, startOperation(body));
  } finally {
    prepared.release();
  }
}

async function startManaged(
  context: Context,
  spec: EcosystemSpec,
  body: StartBody,
  foreground: boolean,
): Promise<Outcome> {
  if (!foreground) return startDetached(context, spec, body);
  const { runInForeground } = await import('../run-in-foreground.ts');
  return runInForeground(context, bootConfig(spec), body);
}

async function startDetached(context: Context, spec: EcosystemSpec, body: StartBody): Promise<Outcome> {
  const client = new ControlClient(stateLayout(spec.stateDir).managerSocket);
  let pid: number | null = null;
  try {
    const started = await startManager(context, bootConfig(spec), { foreground: false, ...anewOf(body) });
    if (started === null) return { kind: 'streamed', exit: EXIT.interrupted };
    const { report, interrupted } = started;
    pid = report.pid;
    say(context, `manager started (pid ${pid})`);
    if (report.config !== null) context.err.write(describeError(report.config, context.cwd, context.err.style));
    if (interrupted) {
      say(context, 'interrupted: no app was brought up; `evenkeel stop` stops the manager');
      return { kind: 'streamed', exit: EXIT.interrupted };
    }
  } catch (error) {
    // Another `evenkeel start` was quicker.
    if (!(error instanceof EvenkeelError) || error.code !== 'MANAGER_RUNS') throw error;
    await untilAnswered(client);
  }
  const outcome = await operate(context, client, startOperation(body));
  if (outcome.exit === EXIT.interrupted) say(context, 'the manager runs on; `evenkeel stop` ends it');
  if (outcome.kind !== 'result' || pid === null) return outcome;
  return { ...outcome, text: withManager(outcome.text, pid) };
}

async function bringUp(
  context: Context,
  client: ControlClient,
  apps: readonly string[],
  foreground: boolean,
): Promise<Outcome> {
  const { pid, version } = await client.version();
  if (foreground) {
    throw new EvenkeelError('MANAGER_RUNS', `a manager runs already (pid ${pid})`, {
      hint: '`evenkeel stop` stops it and its apps; then it can be started in the foreground.',
    });
  }
  say(context, `the manager runs already (pid ${pid})`);
  const upgrade = describeUpgrade({ pid, version });
  if (upgrade !== null) say(context, upgrade);
  tellOfConfig(context);
  await tellOfProfile(context, client);
  return operate(context, client, startOperation(apps.length === 0 ? {} : { apps }));
}

function startOperation(body: StartBody): Operation {
  return { steps: [{ path: '/v1/start', body }], aborts: 'begun' };
}

function say({ globals, err }: Context, line: string): void {
  if (!globals.quiet) err.write(`${line}\n`);
}

/** The options that say how a script is run say nothing of apps. */
function appsAlone(apps: readonly string[], values: OptionValues<typeof options>): readonly string[] {
  const stray = Object.entries(scriptOptions).find(([key]) => isGiven(Object.entries(values), key));
  if (stray === undefined) return apps;
  const [name = ''] = stray[1].flags.split(' ');
  throw new EvenkeelError('BAD_USAGE', `option '${name}' belongs to a script, and none is named`, {
    hint: 'evenkeel start [options] server.js [args...]; what an app of the config does is said there.',
  });
}

function isGiven(values: readonly (readonly [string, unknown])[], key: string): boolean {
  const value = values.find(([known]) => known === key)?.[1] ?? null;
  return typeof value === 'object' ? Object.keys(value ?? {}).length > 0 : true;
}

/** `start server.js --workers 4` may not be what was meant. */
function warnOfOptions(context: Context, script: string, args: readonly string[]): void {
  const flags = Object.values(options).map((option) => option.flags.split(' ')[0]);
  const taken = args.find((arg) => flags.includes(arg.split('=')[0]));
  if (taken !== undefined) say(context, `${taken} goes to ${script}: options of evenkeel come before the script`);
}
