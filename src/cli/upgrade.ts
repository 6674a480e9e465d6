// CLI: what to do where the manager that runs is of another version than this program.

import { packageVersion } from '../platform/entry-points.ts';
import type { VersionAnswer } from '../protocol/control-api.ts';

/** null: it is of the same version. */
export function describeUpgrade({ version, pid }: VersionAnswer): string | null {
  const own = packageVersion();
  if (version === own) return null;
  const how = `\`kill -9 ${pid}\`, then \`evenkeel start\`: no request is lost, and what runs is taken over as it is`;
  return `it is of version ${version}, and this is ${own}. To replace it: ${how}`;
}
