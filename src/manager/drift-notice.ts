// Manager: what is said of an app that is brought up as commands have left it, and not as the file says.

import type { AppSpec } from '../core/spec.ts';
import { diffSpecs } from '../core/spec-diff.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import type { Fleet } from './fleet.ts';
import { isDrift, type Override, overrideSpec } from './overrides.ts';

/** null: it is as the file says. */
export function driftNotice(fleet: Fleet, name: string): string | null {
  const { override } = fleet.state.app(name);
  const spec = fleet.fileSpec(name);
  if (override === null || spec === null || !isDrift(spec, override)) return null;
  const left = describeLeft(spec, override);
  const { file = '' } = fleet.state.ecosystem ?? {};
  if (folderOfScripts(file) === null)
    return `${name} runs ${left}, not what the file says: \`evenkeel reload\` goes by the file`;
  return `${name} runs ${left}, not what its first start said: \`evenkeel stop ${name}\`, then \`evenkeel start SCRIPT\` says it anew`;
}

/** Names of keys, never their values. */
function describeLeft(spec: AppSpec, override: Override): string {
  if (override.rollback !== undefined) return `what the rollback to ${override.rollback.generation} left`;
  const keys = diffSpecs(spec, overrideSpec(spec, override)).map(({ path }) => path);
  return `what commands have changed (${keys.join(', ')})`;
}
