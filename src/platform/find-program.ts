// Whether a program can be started, before it is: what the system says afterwards ("ENOENT") names neither the program
// nor where it was looked for, and comes from a launcher where there is one.

import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';

/** `path`: the PATH it is looked for in; undefined: the system's own, which only the system knows. Throws SPAWN_FAILED. */
export function requireProgram(file: string, cwd: string, path: string | undefined): void {
  if (file.includes('/')) {
    if (!isExecutable(resolve(cwd, file))) throw missing(`the program ${resolve(cwd, file)} cannot be run`, file);
    return;
  }
  if (path === undefined) return;
  const found = path.split(':').some((folder) => isExecutable(resolve(cwd, folder, file)));
  if (!found) throw missing(`there is no program "${file}" in the app's PATH`, file);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function missing(message: string, file: string): EvenkeelError {
  return new EvenkeelError('SPAWN_FAILED', message, {
    hint: file.includes('/')
      ? 'Check that it exists and is executable; a relative path is relative to `cwd`.'
      : 'Install it, write its whole path, or set PATH under `env`.',
  });
}
