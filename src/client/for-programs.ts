// What is said of options of the CLI, for programs: theirs have other names.

import { EvenkeelError } from '../core/errors.ts';

/** Rejects as `work` does, but has a hint about a config that is not there name the option `config`. */
export async function forPrograms<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof EvenkeelError) || error.code !== 'NO_CONFIG') throw error;
    const { code, message, hint } = error;
    throw new EvenkeelError(code, message, { hint: hint?.replaceAll('--config', 'the option `config`') ?? null });
  }
}
