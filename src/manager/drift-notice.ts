// Manager: what is said of an app that is brought up as commands have left it, and not as the file says.

import type { AppSpec } from '../core/spec.ts';
import { diffSpecs } from '../core/spec-diff.ts';
import { describeOverride, isDrift } from '../platform/overrides.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import type { Fleet } from './fleet.ts';

/** null: it is as the file says. */
export function driftNotice(fleet: Fleet, name: string): string | null {
  const { override } = fleet.state.app(name);
  const spec = fleet.fileSpec(name);
  if (spec === null) return null;
  if (override === null || !isDrift(spec, override)) return changedNotice(name, fleet.runningSpec(name), spec);
  const left = describeOverride(spec, override);
  const { file = '' } = fleet.state.ecosystem ?? {};
  if (folderOfScripts(file) === null)
    return `${name} runs ${left}, not what the file says: \`evenkeel reload\` goes by the file`;
  return `${name} runs ${left}, not what its first start said: \`evenkeel stop ${name}\`, then \`evenkeel start SCRIPT\` says it anew`;
}

/** What a power cut has ended comes back as it ran, whatever has become of the file. */
function changedNotice(name: string, running: AppSpec | null, spec: AppSpec): string | null {
  if (running === null || diffSpecs(running, spec).every((key) => key.class === 'none')) return null;
  return `${name} runs as it did before, and the file has changed since: \`evenkeel plan\` tells how, \`evenkeel reload\` goes by it`;
}
