// Finds the manager of the ecosystem that a command is about. Starts nothing and, as long as a manager says where
// it is, does not evaluate the config.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { noConfig } from '../core/not-found.ts';
import { ControlClient } from '../platform/control-client.ts';
import { noManager } from '../platform/control-http.ts';
import { misnamedConfig } from '../platform/misnamed-config.ts';
import { configOf, defaultStateDir, findStateDir, isSameConfig } from '../platform/registry.ts';
import { connectUnix, UnixConnectError } from '../platform/unix-client.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import { configIn, findConfig, foldersUp } from './find-config.ts';
import type { Whereabouts } from './whereabouts.ts';

const CONNECT_TIMEOUT = 5000;

/** Throws NO_CONFIG where there is nothing to look for, and NO_MANAGER. */
export async function requireManager(context: Whereabouts): Promise<ControlClient> {
  let broken: EvenkeelError | null = null;
  const places = stateDirs(context, (error) => {
    broken = error;
  });
  const seen: string[] = [];
  const client = await findManager(context, noting(places, seen));
  if (client !== null) return client;
  const { runningWithoutManager } = await import('./left-running.ts');
  throw runningWithoutManager(seen) ?? noManagerFor(context, broken);
}

async function* noting(places: AsyncIterable<string>, seen: string[]): AsyncGenerator<string> {
  for await (const place of places) {
    seen.push(place);
    yield place;
  }
}

/** A file that was named may be the wrong one: then it hardly is a config. */
function noManagerFor({ globals }: Whereabouts, broken: EvenkeelError | null): EvenkeelError {
  const { config } = globals;
  if (config === null || broken?.code !== 'CONFIG_INVALID') return noManager();
  return new EvenkeelError('NO_MANAGER', `no manager is running for ${config}, which is no valid config`, {
    hint: `\`evenkeel check --config ${config}\` says what is wrong with it.`,
  });
}

/** null: none runs. Throws NO_CONFIG. */
export async function findManager(
  context: Whereabouts,
  places: AsyncIterable<string> = stateDirs(context),
): Promise<ControlClient | null> {
  for await (const stateDir of places) {
    const client = (await managerIn(stateDir)) ?? (await hiddenManagerIn(stateDir));
    if (client !== null) return client;
  }
  return null;
}

/**
 * For whoever would start one otherwise, and reads the config for that: where only the config says where a manager is,
 * managerIn finds it then. One that is killed in this moment still has its socket, but does not answer.
 */
export async function findAnsweringManager(context: Whereabouts): Promise<ControlClient | null> {
  const client = await findManager(context, knownStateDirs(context));
  try {
    await client?.version();
    return client;
  } catch (error) {
    if (error instanceof EvenkeelError && error.code === 'NO_MANAGER') return null;
    throw error;
  }
}

/** The manager that can be reached in a state directory. */
export async function managerIn(stateDir: string): Promise<ControlClient | null> {
  const socket = await socketIn(stateDir);
  if (!existsSync(socket)) return null;
  try {
    (await connectUnix(socket, CONNECT_TIMEOUT)).destroy();
  } catch (error) {
    // Any other reason is told by the first question.
    if (error instanceof UnixConnectError && error.nobodyThere) return null;
  }
  return new ControlClient(socket);
}

async function hiddenManagerIn(stateDir: string): Promise<ControlClient | null> {
  const { awaitHiddenManager } = await import('./hidden-manager.ts');
  return await awaitHiddenManager(stateDir, () => managerIn(stateDir));
}

/** Where the manager's files may be, the most likely place first. `onBroken`: the config was asked, and is wrong. */
export async function* stateDirs(
  context: Whereabouts,
  onBroken: (error: EvenkeelError) => void = () => {},
): AsyncGenerator<string> {
  const known = new Set<string>();
  for await (const stateDir of knownStateDirs(context)) {
    known.add(stateDir);
    yield stateDir;
  }
  const config = findConfig(context.cwd, context.globals.config);
  if (config === null) return;
  // The pointer is gone, as after a clean-up of /tmp: the config itself has to be asked.
  const configured = await configuredStateDir(context, config, onBroken);
  if (configured !== null && !known.has(configured)) yield configured;
}

/** As stateDirs, without asking the config. */
export async function* knownStateDirs({ cwd, globals }: Whereabouts): AsyncGenerator<string> {
  const config = findConfig(cwd, globals.config);
  if (config === null) {
    yield await orphanedStateDir(cwd);
    return;
  }
  const usual = defaultStateDir(config);
  if (isOurs(usual, config)) {
    yield usual;
    const former = formerPlace(usual);
    if (former !== null) yield former;
  }
  const registered = await findStateDir(config);
  if (registered !== null) yield registered;
}

/**
 * Two configs in one folder would share the default: the directory belongs to the one that used it, or, where that is gone,
 * as when it was renamed, to the one that is there. But what was started without a config goes by the one that is found
 * there by now, and the other way round.
 */
function isOurs(stateDir: string, config: string): boolean {
  const owner = configOf(stateDir);
  if (owner === null || folderOfScripts(config) !== null || isSameConfig(owner, config)) return true;
  if (!existsSync(owner)) return true;
  const folder = folderOfScripts(owner);
  const beside = folder === null ? null : configIn(folder);
  return beside !== null && isSameConfig(beside, config);
}

/** Where a state directory was before its project was moved: its manager puts back there what it finds missing. */
function formerPlace(stateDir: string): string | null {
  const owner = configOf(stateDir);
  if (owner === null || existsSync(owner)) return null;
  const place = defaultStateDir(owner);
  return place !== stateDir && configOf(place) === owner ? place : null;
}

/** The config that the state directory of this one belongs to, where it is gone: it was renamed, or all of it was moved. */
export function formerConfig({ cwd, globals }: Whereabouts): string | null {
  const config = findConfig(cwd, globals.config);
  const owner = config === null ? null : configOf(defaultStateDir(config));
  return owner === null || existsSync(owner) || folderOfScripts(owner) !== null ? null : owner;
}

/** The config was removed, and the state directory perhaps with it; but what it started may still run. */
async function orphanedStateDir(cwd: string): Promise<string> {
  const possible = [...foldersUp(cwd)].map((folder) => join(folder, '.evenkeel'));
  const found = possible.find((stateDir) => existsSync(stateDir));
  if (found !== undefined) return found;
  const { presentManager } = await import('../platform/presence.ts');
  const hidden = possible.find((stateDir) => presentManager(stateDir) !== null);
  if (hidden !== undefined) return hidden;
  throw noConfig(cwd, misnamedConfig(cwd));
}

async function configuredStateDir(
  context: Whereabouts,
  config: string,
  onBroken: (error: EvenkeelError) => void,
): Promise<string | null> {
  if (!existsSync(config)) {
    throw new EvenkeelError('NO_CONFIG', `there is no file ${config}`, {
      hint: 'Look at --config and EVENKEEL_CONFIG.',
    });
  }
  if (statSync(config).isDirectory()) {
    throw new EvenkeelError('NO_CONFIG', `${config} is a directory, and no config file`, {
      hint: 'Look at --config and EVENKEEL_CONFIG. Commands that are given in that folder find the config there.',
    });
  }
  const { loadEcosystem } = await import('./load-ecosystem.ts');
  try {
    return (await loadEcosystem(context, { quiet: true })).stateDir;
  } catch (error) {
    // A config that is wrong is the business of the commands that use it.
    if (error instanceof EvenkeelError) onBroken(error);
    return null;
  }
}

/** The layout is asked only where the plain place is empty: it loads node:crypto, for paths that are too long. */
async function socketIn(stateDir: string): Promise<string> {
  const plain = join(stateDir, 'manager.sock');
  if (existsSync(plain)) return plain;
  const { stateLayout } = await import('../platform/paths.ts');
  return stateLayout(stateDir).managerSocket;
}
