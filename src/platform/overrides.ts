// Pure: what commands have changed of an app against the file (scale, deploy --env, rollback). Shown as drift,
// remembered over the manager's death, undone by a reload.

import type { AppSpec } from '../core/spec.ts';
import { diffSpecs } from '../core/spec-diff.ts';
import type { Generation } from '../core/status.ts';
import { namesOfKeys } from '../core/summarize-keys.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import type { DeployOptions } from '../protocol/control-api.ts';
import { movedPath } from './moved-path.ts';

export interface Rollback extends PinnedSpec {
  /** A deploy since then has resolved the paths anew: its settings are all that is left of it. */
  readonly redeployed?: boolean;
}

export interface Override {
  /** Takes the place of the file's spec. */
  readonly rollback?: Rollback;
  readonly workers?: number;
  /** What `--shell-env` brought; `env` wins over it. */
  readonly shellEnv?: Readonly<Record<string, string>>;
  /** null: the variable is removed. */
  readonly env?: Readonly<Record<string, string | null>>;
  readonly script?: string;
  readonly cwd?: string;
}

/** What a deploy will have changed, noted before it begins: it goes on when the manager dies. */
export interface PendingOverride {
  /** What serves before it: a later one means that it was done. */
  readonly after: Generation;
  readonly override: Override | null;
}

/** The spec of an app as the commands have left it. */
export function overrideSpec(spec: AppSpec, override: Override | null): AppSpec {
  if (override === null) return spec;
  const { rollback, workers, shellEnv, env, script, cwd } = override;
  const base = rollback?.spec ?? spec;
  return {
    ...base,
    env: withVariables({ ...base.env, ...shellEnv }, env),
    ...(workers === undefined ? {} : { workers }),
    ...(script === undefined ? {} : { script }),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

/** Where symlinks are not to be resolved anew, because the app was rolled back: the generation whose paths hold. */
export function pinnedPaths(override: Override | null): PinnedSpec | null {
  const rollback = override?.rollback;
  return rollback === undefined || rollback.redeployed === true ? null : rollback;
}

/** What is left of it when the app is deployed as it runs. */
export function afterDeploy(override: Override | null): Override | null {
  const rollback = override?.rollback;
  return rollback === undefined ? override : { ...override, rollback: { ...rollback, redeployed: true } };
}

/** The override after a deploy with options, or a scale; null: nothing was ever changed. */
export function mergeOverride(before: Override | null, options: DeployOptions): Override | null {
  const { shellEnv, env, script, cwd, workers } = options;
  const merged: Override = {
    ...before,
    // It is what the shell has now that was asked for: also where an earlier command named a variable.
    ...(shellEnv === undefined ? {} : { shellEnv: { ...before?.shellEnv, ...shellEnv } }),
    ...envAfter(before?.env, shellEnv, env),
    ...(script === undefined ? {} : { script }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(workers === undefined ? {} : { workers }),
  };
  return Object.keys(merged).length === 0 ? null : merged;
}

/**
 * A script in the app's folder is a part of the release: it moves with `cwd`, unless one is named. `running`: what the
 * deploy starts from.
 */
export function withMovedScript(running: AppSpec, options: DeployOptions): DeployOptions {
  if (options.cwd === undefined || options.script !== undefined || running.script === null) return options;
  const script = movedPath(running.script, running.cwd, options.cwd);
  return script === running.script ? options : { ...options, script };
}

/** Whether the commands have left something other than what the file says. `spec`: the file's; null: it has none. */
export function isDrift(spec: AppSpec | null, override: Override | null): boolean {
  if (override === null || spec === null) return override !== null;
  // The same settings may stand for other paths by now.
  return pinnedPaths(override) !== null || diffSpecs(spec, overrideSpec(spec, override)).length > 0;
}

/** Names of keys, never their values: "what commands have changed (workers)". */
export function describeOverride(spec: AppSpec, override: Override): string {
  if (override.rollback !== undefined) return `what the rollback to ${override.rollback.generation} left`;
  return `what commands have changed (${namesOfKeys(diffSpecs(spec, overrideSpec(spec, override)))})`;
}

function envAfter(
  before: Override['env'],
  shellEnv: DeployOptions['shellEnv'],
  env: DeployOptions['env'],
): Pick<Override, 'env'> {
  const kept = Object.entries(before ?? {}).filter(
    ([name]) => shellEnv === undefined || !Object.hasOwn(shellEnv, name),
  );
  const merged = { ...Object.fromEntries(kept), ...env };
  return before === undefined && env === undefined ? {} : { env: merged };
}

function withVariables(
  env: Readonly<Record<string, string>>,
  change: Override['env'] = {},
): Readonly<Record<string, string>> {
  const set = Object.entries(change).filter((entry): entry is [string, string] => entry[1] !== null);
  const kept = Object.entries(env).filter(([name]) => change[name] !== null || !Object.hasOwn(change, name));
  return Object.fromEntries([...kept, ...set]);
}
