// How a process of ours shows in `ps` and `top`, and in what others say of it.

import { writeFileSync } from 'node:fs';

/** `title`: what `ps` shows. `name`: at most 15 characters count, which is all that Linux keeps of a program's name. */
export function nameProcess(title: string, name: string): void {
  process.title = title;
  try {
    // With the title libuv has set the name as well, cut in the middle of a word.
    if (process.platform === 'linux') writeFileSync('/proc/self/comm', name.slice(0, 15));
  } catch {
    // A sandbox without /proc.
  }
}

/** "evenkeel cluster web of shop". */
export function titleOf(role: string, ecosystem: string | null): string {
  return `evenkeel ${role}${ecosystem === null ? '' : ` of ${ecosystem}`}`;
}

/** What has it give up an address, from the title of a manager or of a cluster process; null: it is neither. */
export function releaseOf(title: string): string | null {
  const found = /^evenkeel (?:manager|cluster (\S+))(?: of (.+))?$/.exec(title);
  if (found === null) return null;
  const [, app = 'APP', ecosystem] = found;
  return `\`evenkeel stop ${app}\` in the folder of ${ecosystem ?? 'its project'}`;
}
