// Which config file a command is about, by its name alone: a file that is broken must not keep anybody from seeing or
// stopping what runs. The loader's own search is slower (cosmiconfig); a test proves that both find the same file.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SCRIPTS_FILE } from '../protocol/script-starts.ts';

/** In the order in which the config loader looks, in each folder. */
const NAMES = [
  ...['yaml', 'yml', 'json', 'js', 'mjs', 'cjs', 'ts'].map((type) => `evenkeel.config.${type}`),
  ...['', '.json', '.yaml', '.yml'].map((type) => `.evenkeelrc${type}`),
  'package.json',
  SCRIPTS_FILE,
];

/** Absolute. `given`: --config. null: there is none in `cwd` or above. */
export function findConfig(cwd: string, given: string | null): string | null {
  if (given !== null) return resolve(cwd, given);
  for (const folder of foldersUp(cwd)) {
    const found = configIn(folder);
    if (found !== null) return found;
  }
  return null;
}

/** As findConfig, in this one folder. */
export function configIn(folder: string): string | null {
  const found = NAMES.find((name) => isConfig(join(folder, name)));
  return found === undefined ? null : join(folder, found);
}

/** Configs beside this one that are not used, for it comes before them; by their names. */
export function unusedBeside(file: string): readonly string[] {
  const folder = dirname(file);
  return NAMES.filter((name) => name !== SCRIPTS_FILE && join(folder, name) !== file && isConfig(join(folder, name)));
}

/** The folder itself and those that it is in, nearest first. */
export function* foldersUp(from: string): Generator<string> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

function isConfig(file: string): boolean {
  if (!existsSync(file)) return false;
  return file.endsWith('package.json') ? hasEvenkeelKey(file) : true;
}

/** Good enough for one that is broken just now. */
function hasEvenkeelKey(file: string): boolean {
  const text = readText(file);
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null && Object.hasOwn(content, 'evenkeel');
  } catch {
    return /"evenkeel"\s*:/.test(text);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
