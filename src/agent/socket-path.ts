// The names of a declared unix socket. Where links lead to the app's folder, the config declares it by their names, while the
// app runs in the real folder, which may be another one after each deploy, and resolves relative paths there. (worker)

import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { movedPath } from '../platform/moved-path.ts';
import type { AppFolder } from '../protocol/agent-link.ts';

/** Absolute ones: as it is declared, and as the app finds it in its real folder. */
export function namesOf(declared: string, folder: AppFolder): readonly string[] {
  return [declared, movedPath(declared, folder.declared, folder.real)];
}

/** What is in the real folder is meant as the same in the declared one, also when its link leads elsewhere by now. */
export function isSamePath(one: string, other: string, folder: AppFolder): boolean {
  const a = movedPath(resolve(one), folder.real, folder.declared);
  const b = movedPath(resolve(other), folder.real, folder.declared);
  return a === b || withoutLinks(a) === withoutLinks(b);
}

/** The socket itself need not be there. */
function withoutLinks(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}
