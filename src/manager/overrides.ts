// Manager, pure: what commands have changed of an app against the file (scale, deploy --env, rollback). Shown as drift,
// remembered over the manager's death, undone by a reload.

import type { AppSpec } from '../core/spec.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import type { DeployOptions } from '../protocol/control-api.ts';

export interface Override {
  /** Takes the place of the file's spec. */
  readonly rollback?: PinnedSpec;
  readonly workers?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly script?: string;
  readonly cwd?: string;
}

/** The spec of an app as the commands have left it. */
export function overrideSpec(spec: AppSpec, override: Override | null): AppSpec {
  if (override === null) return spec;
  const { rollback, workers, env, script, cwd } = override;
  const base = rollback?.spec ?? spec;
  return {
    ...base,
    ...(workers === undefined ? {} : { workers }),
    ...(env === undefined ? {} : { env: { ...base.env, ...env } }),
    ...(script === undefined ? {} : { script }),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

/** The override after a deploy with options; null where it still is what the file says. */
export function mergeOverride(before: Override | null, options: DeployOptions): Override | null {
  const { env, script, cwd, workers } = options;
  const merged = {
    ...before,
    ...(env === undefined ? {} : { env: { ...before?.env, ...env } }),
    ...(script === undefined ? {} : { script }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(workers === undefined ? {} : { workers }),
  };
  return Object.keys(merged).length === 0 ? null : merged;
}
