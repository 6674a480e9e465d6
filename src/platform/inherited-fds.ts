// Descriptors that whoever started us left open, a build server's pipe say: a process that stays would hold them for as
// long as it lives, and hand them on to everything that it starts.

import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { HAS_PROC } from './proc-stat.ts';

/** O_CLOEXEC, as /proc/<pid>/fdinfo shows it: what Node opens for itself has it, what came through exec has not. */
const CLOSED_ON_EXEC = 0o2000000;

/** Closes them, but for those of `keep`. For the beginning of a process; does nothing where the system does not tell. */
export function closeInherited(keep: readonly number[]): void {
  if (!HAS_PROC) return;
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (keep.includes(fd)) continue;
    try {
      const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0) closeSync(fd);
    } catch {
      // The one that listed the folder is gone.
    }
  }
}
