// Manager: has the config read, in a process of its own.

import { runLoader } from '../config/run-loader.ts';
import type { EcosystemSpec, Milliseconds } from '../core/spec.ts';
import { availableCpus } from '../platform/cpus.ts';
import { entryPoint } from '../platform/entry-points.ts';
import type { LoadRequest } from '../protocol/config-loader.ts';

const DEADLINE: Milliseconds = 30_000;

/** Throws NO_CONFIG, CONFIG_INVALID or TIMED_OUT. */
export function loadConfig(request: LoadRequest): Promise<EcosystemSpec> {
  const loader = entryPoint('config');
  const cpus = availableCpus();
  return runLoader(request, { env: process.env, cpus, forManager: true, deadline: DEADLINE, loader });
}
