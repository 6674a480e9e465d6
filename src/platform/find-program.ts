// Whether a program can be started, before it is: what the system says afterwards ("ENOENT") names neither the program
// nor where it was looked for, and comes from a launcher where there is one.

import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';

/** `path`: the PATH it is looked for in; undefined: the system's own, which only the system knows. Throws SPAWN_FAILED. */
export function requireProgram(file: string, cwd: string, path: string | undefined): void {
  const problem = programProblem(file, cwd, path, isExecutable);
  if (problem === null) return;
  throw new EvenkeelError('SPAWN_FAILED', problem.message, { hint: problem.hint });
}

export interface ProgramProblem {
  readonly message: string;
  readonly hint: string;
}

/** As above, told; null: it can be started. `isProgram`: whether that can be said of a file. */
export function programProblem(
  file: string,
  cwd: string,
  path: string | undefined,
  isProgram: (file: string) => boolean,
): ProgramProblem | null {
  if (file.includes('/')) {
    const whole = resolve(cwd, file);
    if (isProgram(whole)) return null;
    const hint = 'Check that it exists and is executable; a relative path is relative to `cwd`.';
    return { message: `the program ${whole} cannot be run`, hint };
  }
  if (path === undefined || path.split(':').some((folder) => isProgram(resolve(cwd, folder, file)))) return null;
  return {
    message: `there is no program "${file}" in the app's PATH`,
    hint: 'Install it, write its whole path, or set PATH under `env`.',
  };
}

/** A file that may be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
