// For programs: what `evenkeel start` does. The manager is a process of its own, which outlives the program.

import { EvenkeelError } from '../core/errors.ts';
import { ControlClient } from '../platform/control-client.ts';
import { stateLayout } from '../platform/paths.ts';
import { untilAnswered } from './await-manager.ts';
import { type ConnectOptions, clientOf, whereaboutsOf } from './connect.ts';
import type { EvenkeelClient, OperationOptions } from './evenkeel-client.ts';
import { findAnsweringManager, managerIn } from './find-manager.ts';
import { forPrograms } from './for-programs.ts';
import { type OptionNames, requireEnv, requireKnown } from './known-options.ts';
import { loadEcosystem } from './load-ecosystem.ts';
import { requireSuccess } from './operation-outcome.ts';
import { requireApps } from './require-apps.ts';
import { bootConfig, startManager } from './start-manager.ts';
import type { Starter, Whereabouts } from './whereabouts.ts';

export interface StartOptions extends Omit<ConnectOptions, 'stateDir'>, OperationOptions {
  /** The apps to bring up, with what they depend on; default: all. An empty list: none, only the manager. */
  readonly apps?: readonly string[];
  /** A profile of the config. */
  readonly profile?: string;
  /** What the config may read as `${NAME}` and hand on to apps; default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const OPTIONS: OptionNames<StartOptions> = {
  ...{ cwd: true, config: true, profile: true, env: true, apps: true },
  ...{ logger: true, onEvent: true, signal: true },
};

/**
 * Starts a manager, if none runs, and brings up what is down; resolves when the apps are ready. Rejects with NO_CONFIG,
 * CONFIG_INVALID (and its `problems`), MANAGER_START_FAILED, or an OperationError where an app did not come up: it goes
 * on trying then, as after `evenkeel start`.
 */
export async function startEcosystem(options: StartOptions): Promise<EvenkeelClient> {
  requireKnown('startManager', options, OPTIONS);
  requireEnv('startManager', 'env', options.env);
  const { apps, onEvent, signal } = options;
  signal?.throwIfAborted();
  const since = new Date().toISOString();
  const where = whereaboutsOf(options, options.env ?? process.env);
  const found = await forPrograms(findAnsweringManager(where));
  const { control, isNew } = found === null ? await startNew(where, options) : { control: found, isNew: false };
  const client = clientOf(control, where, options, since);
  if (apps?.length === 0) return client;
  const operation = { ...(onEvent === undefined ? {} : { onEvent }), ...(signal === undefined ? {} : { signal }) };
  if (apps === undefined && isNew) requireSuccess(await control.operate('/v1/start', { keepStopped: true }, operation));
  else await client.start(apps, operation);
  return client;
}

interface Found {
  readonly control: ControlClient;
  /** This start has brought it up: apps that were stopped by name stay so, unless they are named. */
  readonly isNew: boolean;
}

async function startNew(where: Whereabouts, { apps, signal }: StartOptions): Promise<Found> {
  const spec = await forPrograms(loadEcosystem(where, { forManager: true }));
  requireApps(
    apps ?? [],
    spec.apps.map((app) => app.name),
  );
  // Found only now that the config was read: one that says nothing of itself anywhere else.
  const hidden = await managerIn(spec.stateDir);
  if (hidden !== null) return { control: hidden, isNew: false };
  const control = new ControlClient(stateLayout(spec.stateDir).managerSocket);
  try {
    await startManager(starter(where, signal), bootConfig(spec), { foreground: false });
    signal?.throwIfAborted();
  } catch (error) {
    // Another program was quicker.
    if (!(error instanceof EvenkeelError) || error.code !== 'MANAGER_RUNS') throw error;
    await untilAnswered(control);
  }
  return { control, isNew: true };
}

/** The signal is to a program what Ctrl-C is to the CLI. */
function starter(where: Whereabouts, signal: AbortSignal | undefined): Starter {
  return {
    ...where,
    onInterrupt(listener) {
      signal?.addEventListener('abort', listener, { once: true });
      return () => signal?.removeEventListener('abort', listener);
    },
  };
}
