// CLI: `start SCRIPT` up to the point where it is the start of an app that a config has: decides whether it may be
// started here, and notes it in scripts.json, which plays the part of the config from then on.

import { dirname, join } from 'node:path';
import { configIn, findConfig } from '../client/find-config.ts';
import { managerIn } from '../client/find-manager.ts';
import { loadEcosystem } from '../client/load-ecosystem.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { EcosystemSpec } from '../core/spec.ts';
import type { ControlClient } from '../platform/control-client.ts';
import { acquireLock } from '../platform/lock.ts';
import { stateLayout } from '../platform/paths.ts';
import { ensurePrivateDir } from '../platform/private-dir.ts';
import { configOf } from '../platform/registry.ts';
import { connectUnix } from '../platform/unix-client.ts';
import { folderOfScripts, scriptsFileOf } from '../protocol/script-starts.ts';
import type { Context } from './context.ts';
import { displayPath } from './describe-error.ts';
import type { NamedStart } from './script-options.ts';
import { noteStart } from './scripts-file.ts';

export interface PreparedScript {
  /** The context of a command about the apps of this folder. */
  readonly context: Context;
  readonly ecosystem: EcosystemSpec;
  /** null: no manager runs. */
  readonly client: ControlClient | null;
  /** To be called when the app has been started: until then nobody else may start one of its name. */
  release(): void;
}

export interface ScriptRules {
  readonly foreground: boolean;
  /** Tells something that is no result. */
  say(line: string): void;
}

const CONNECT_TIMEOUT = 5_000;

/** Throws BAD_USAGE, APP_RUNS, MANAGER_RUNS and what is wrong with the state directory; then nothing has changed. */
export async function prepareScript(
  context: Context,
  { name, start }: NamedStart,
  { foreground, say }: ScriptRules,
): Promise<PreparedScript> {
  refuseConfig(context, say);
  const file = scriptsFileOf(context.cwd);
  const stateDir = dirname(file);
  makeStateDir(stateDir);
  const release = takeName(stateDir, name);
  try {
    const client = await managerIn(stateDir);
    if (client === null) await refuseOrphan(stateDir, name);
    else await requireFree(client, name, stateDir, { foreground, say });
    const scoped = { ...context, globals: { ...context.globals, config: file } };
    const ecosystem = await noteStart(file, name, start, () => check(scoped, name));
    return { context: scoped, ecosystem, client, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** What is in a config is started by its name; a script of this folder would be neither here nor there. */
function refuseConfig({ cwd, globals }: Context, say: ScriptRules['say']): void {
  const hint = 'Add it under `apps` there, then `evenkeel start NAME`; or start it from a folder without a config.';
  if (globals.config !== null) {
    const fault = `scripts are started without a config, and ${globals.config} is one (--config or EVENKEEL_CONFIG)`;
    throw new EvenkeelError('BAD_USAGE', fault, { hint });
  }
  if (globals.profile !== null) {
    throw new EvenkeelError('BAD_USAGE', 'a profile belongs to a config, and a script is started without one');
  }
  const here = configIn(cwd);
  if (here !== null && folderOfScripts(here) === null) {
    throw new EvenkeelError('BAD_USAGE', `${displayPath(here, cwd)} says what runs in this folder`, { hint });
  }
  const above = findConfig(dirname(cwd), null);
  if (here !== null || above === null || folderOfScripts(above) !== null) return;
  say(`${above} has no part in this: from now on commands in ${cwd} are about what is started here`);
}

function makeStateDir(stateDir: string): void {
  try {
    ensurePrivateDir(stateDir);
  } catch (error) {
    if (!(error instanceof EvenkeelError) || error.code !== 'STATE_DIR_UNUSABLE') throw error;
    throw new EvenkeelError(error.code, error.message, { hint: 'Start it from a folder that you may write to.' });
  }
}

function takeName(stateDir: string, name: string): () => void {
  const lock = acquireLock(join(stateDir, `start-${name}.lock`));
  if (lock.ok) return lock.release;
  throw new EvenkeelError('APP_RUNS', `${name} is just being started (pid ${lock.holder.pid})`, {
    hint: otherName(name),
  });
}

/** Without a manager too: its cluster process may have outlived it. */
async function refuseOrphan(stateDir: string, name: string): Promise<void> {
  try {
    (await connectUnix(stateLayout(stateDir).app(name).socket, CONNECT_TIMEOUT)).destroy();
  } catch {
    return;
  }
  throw new EvenkeelError('APP_RUNS', `${name} runs already, and no manager looks after it`, {
    hint: `\`evenkeel start\` brings the manager back, then \`evenkeel deploy ${name}\` replaces the code.`,
  });
}

/** An app of this name that serves stays. One that tries to come up, and does not, makes room. */
async function requireFree(
  client: ControlClient,
  name: string,
  stateDir: string,
  { foreground, say }: ScriptRules,
): Promise<void> {
  const { manager, apps } = await client.status();
  const owner = configOf(stateDir);
  if (owner !== null && folderOfScripts(owner) === null) {
    throw new EvenkeelError('MANAGER_RUNS', `a manager runs here that was started for ${owner} (pid ${manager.pid})`, {
      hint: '`evenkeel stop` ends it and its apps.',
    });
  }
  const app = apps.find((known) => known.name === name);
  if (app !== undefined && app.ready > 0) {
    throw new EvenkeelError('APP_RUNS', `${name} runs already (generation ${app.generation})`, {
      hint: `\`evenkeel deploy ${name}\` replaces its code, with --env, --workers ... other settings too. ${otherName(name)}`,
    });
  }
  if (foreground) {
    throw new EvenkeelError('MANAGER_RUNS', `a manager runs already (pid ${manager.pid})`, {
      hint: '`evenkeel stop` stops it and its apps; then it can be started in the foreground.',
    });
  }
  if (app === undefined || app.state === 'stopped') return;
  say(`${name} was started before and does not serve: it is stopped, and started as you say now`);
  await client.operate('/v1/stop', { apps: [name] });
}

function otherName(name: string): string {
  return `For a second app: evenkeel start --name ${name}-2 ...`;
}

/** Whatever is wrong is wrong with what the command line says: nothing else changes scripts.json. */
async function check(context: Context, name: string): Promise<EcosystemSpec> {
  try {
    return await loadEcosystem(context, { forManager: true });
  } catch (error) {
    if (!(error instanceof EvenkeelError) || error.code !== 'CONFIG_INVALID') throw error;
    const faults = error.problems.map(({ path, message, hint }) => {
      const option = OPTIONS.find(([key]) => path.endsWith(key))?.[1];
      return `${option === undefined ? path : `option '${option}'`}: ${message}${hint === null ? '' : ` (${hint})`}`;
    });
    throw new EvenkeelError('BAD_USAGE', `${name} cannot be started so: ${faults.join('; ')}`);
  }
}

const OPTIONS = [
  ['logs.stdout', '--stdout'],
  ['logs.stderr', '--stderr'],
  ['logs.maxSize', '--max-log-size'],
  ['workers', '--workers'],
  ['node.args', '--node-args'],
] as const;
