// For programs: a client of the manager that runs.

import { resolve } from 'node:path';
import type { ControlClient } from '../platform/control-client.ts';
import { noManager } from '../platform/control-http.ts';
import { entryPoint } from '../platform/entry-points.ts';
import { EvenkeelClient } from './evenkeel-client.ts';
import { findManager, managerIn } from './find-manager.ts';
import { forPrograms } from './for-programs.ts';
import { type OptionNames, requireKnown } from './known-options.ts';
import { type Logger, logEvents } from './log-events.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface ConnectOptions {
  /** Where the search for the config begins; default: the working directory. */
  readonly cwd?: string;
  /** The config file, relative to `cwd`; default: EVENKEEL_CONFIG, or what is found in `cwd` or above. */
  readonly config?: string;
  /** The state directory, where that is what is known; relative to `cwd`. */
  readonly stateDir?: string;
  /** Is told everything that happens from now on, also by later managers. It keeps no program alive. */
  readonly logger?: Logger;
  /** Ends what the logger is told. */
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionNames<ConnectOptions> = { cwd: true, config: true, stateDir: true, logger: true, signal: true };

/** Rejects with NO_MANAGER, or NO_CONFIG where there is nothing to look for. */
export async function connect(options: ConnectOptions): Promise<EvenkeelClient> {
  requireKnown('connect', options, OPTIONS);
  const where = whereaboutsOf(options, process.env);
  const { stateDir } = options;
  const found = await (stateDir === undefined
    ? forPrograms(findManager(where))
    : managerIn(resolve(where.cwd, stateDir)));
  if (found === null) throw noManager();
  // Tells what is wrong with one that does not answer.
  await found.version();
  return clientOf(found, where, options, new Date().toISOString());
}

/** @internal */
export function whereaboutsOf(
  { cwd = '.', config, profile }: ConnectOptions & { readonly profile?: string },
  env: Whereabouts['env'],
): Whereabouts {
  const named = config ?? env.EVENKEEL_CONFIG ?? '';
  const globals = { config: named === '' ? null : named, profile: profile ?? null };
  return { cwd: resolve(cwd), env, globals, program: entryPoint };
}

/** @internal */
export function clientOf(
  control: ControlClient,
  { cwd }: Whereabouts,
  { logger, signal = new AbortController().signal }: ConnectOptions,
  since: string,
): EvenkeelClient {
  if (logger !== undefined) void logEvents(control, logger, since, signal);
  return new EvenkeelClient(control, cwd);
}
