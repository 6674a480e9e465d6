// Has the config loader read the config, for the commands that need to know what it says.

import { resolve } from 'node:path';
import { runLoader } from '../config/run-loader.ts';
import type { EcosystemSpec } from '../core/spec.ts';
import { availableCpus } from '../platform/cpus.ts';
import type { LoadRequest } from '../protocol/config-loader.ts';
import type { Whereabouts } from './whereabouts.ts';

/** For a config in TypeScript on a machine under load, in milliseconds. */
const DEADLINE = 30_000;

export interface LoadRules {
  /** For one that we start, or would. */
  readonly forManager?: boolean;
  /** What one app would fail for is a problem of the file too. */
  readonly strict?: boolean;
  /** What the config prints is not shown. */
  readonly quiet?: boolean;
}

/** Throws NO_CONFIG, CONFIG_INVALID with its problems, or TIMED_OUT. */
export function loadEcosystem(
  context: Whereabouts,
  { forManager = false, strict = false, quiet = false }: LoadRules = {},
): Promise<EcosystemSpec> {
  const loader = context.program('config');
  const options = { env: context.env, cpus: availableCpus(), forManager, strict, quiet, deadline: DEADLINE, loader };
  return runLoader(loadRequest(context), options);
}

export function loadRequest({ cwd, globals }: Whereabouts): LoadRequest {
  const file = globals.config === null ? null : resolve(cwd, globals.config);
  // The empty text stands for none, where a reload is told to go by none.
  return { from: cwd, file, profile: globals.profile === '' ? null : globals.profile };
}
