// A file that seems to be meant as a config, with a name that nobody looks for: for the error that says there is none.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ENDINGS = ['yaml', 'yml', 'json', 'js', 'mjs', 'cjs', 'ts'];

export interface MisnamedConfig {
  readonly name: string;
  /** What it would be found as. */
  readonly meant: string;
}

/** Only in the folder itself: further up a file may be called that for other reasons. null: there is none. */
export function misnamedConfig(folder: string): MisnamedConfig | null {
  const ending = ENDINGS.find((candidate) => existsSync(join(resolve(folder), `evenkeel.${candidate}`)));
  return ending === undefined ? null : { name: `evenkeel.${ending}`, meant: `evenkeel.config.${ending}` };
}
