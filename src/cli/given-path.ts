// CLI: paths of the command line that something is to run from: one that is not there is a slip, told before anything begins.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { errorCode } from '../platform/system-error.ts';

/** As seen from `here`; as Node does, it finds a script whose extension was left out. Throws BAD_USAGE. */
export function givenScript(here: string, option: string, given: string): string {
  const script = resolve(here, given);
  if (['', '.js', '.cjs', '.mjs'].some((extension) => kindOf(script + extension) !== 'missing')) return script;
  throw new EvenkeelError('BAD_USAGE', `option '${option}': the script ${script} does not exist`, hint(here));
}

/** As seen from `here`. Throws BAD_USAGE. */
export function givenFolder(here: string, option: string, given: string): string {
  const folder = resolve(here, given);
  if (['directory', 'unseen'].includes(kindOf(folder))) return folder;
  throw new EvenkeelError('BAD_USAGE', `option '${option}': there is no directory ${folder}`, hint(here));
}

function hint(here: string): { readonly hint: string } {
  return { hint: `It is looked for from where you are, ${here}. Nothing was begun.` };
}

/** Links are followed. 'unseen': we may not look, and cannot say. */
export function kindOf(path: string): 'file' | 'directory' | 'missing' | 'unseen' {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return 'missing';
    return found.isDirectory() ? 'directory' : 'file';
  } catch (error) {
    return errorCode(error) === 'ENOTDIR' ? 'missing' : 'unseen';
  }
}
