// Manager: has the config read, in a process of its own; and finds the state directory of a config that cannot be read.

import { runLoader } from '../config/run-loader.ts';
import type { EvenkeelError } from '../core/errors.ts';
import type { EcosystemSpec, Milliseconds } from '../core/spec.ts';
import { availableCpus } from '../platform/cpus.ts';
import { entryPoint } from '../platform/entry-points.ts';
import { wasUsed } from '../platform/presence.ts';
import { defaultStateDir, findStateDir } from '../platform/registry.ts';
import type { LoadRequest } from '../protocol/config-loader.ts';

const DEADLINE: Milliseconds = 30_000;

/** `quiet`: what the config prints is not shown. Throws NO_CONFIG, CONFIG_INVALID or TIMED_OUT. */
export function loadConfig(request: LoadRequest, quiet = false): Promise<EcosystemSpec> {
  const loader = entryPoint('config');
  const cpus = availableCpus();
  return runLoader(request, { env: process.env, cpus, forManager: true, deadline: DEADLINE, loader, quiet });
}

/** Where an earlier manager of this config kept its state; null: there was none. `error`: why it cannot be read now. */
export async function findState(request: LoadRequest, error: EvenkeelError): Promise<string | null> {
  const files = [...(request.file === null ? [] : [request.file]), ...error.problems.map((problem) => problem.file)];
  for (const file of new Set(files)) {
    for (const stateDir of [await findStateDir(file), defaultStateDir(file)]) {
      if (stateDir !== null && wasUsed(stateDir)) return stateDir;
    }
  }
  return null;
}
