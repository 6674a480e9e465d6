// Manager: what is said of an app that is brought up as commands have left it, and not as the file says.

import { describeOverride, isDrift } from '../platform/overrides.ts';
import { folderOfScripts } from '../protocol/script-starts.ts';
import type { Fleet } from './fleet.ts';

/** null: it is as the file says. */
export function driftNotice(fleet: Fleet, name: string): string | null {
  const { override } = fleet.state.app(name);
  const spec = fleet.fileSpec(name);
  if (override === null || spec === null || !isDrift(spec, override)) return null;
  const left = describeOverride(spec, override);
  const { file = '' } = fleet.state.ecosystem ?? {};
  if (folderOfScripts(file) === null)
    return `${name} runs ${left}, not what the file says: \`evenkeel reload\` goes by the file`;
  return `${name} runs ${left}, not what its first start said: \`evenkeel stop ${name}\`, then \`evenkeel start SCRIPT\` says it anew`;
}
