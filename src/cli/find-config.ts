// CLI: which config file a command is about, by its name alone: a file that cannot be read must not keep anybody from
// seeing or stopping what runs.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** In the order in which the config loader looks, in each folder. */
export const CONFIG_NAMES = [
  'package.json',
  '.evenkeelrc',
  '.evenkeelrc.json',
  '.evenkeelrc.yaml',
  '.evenkeelrc.yml',
  ...['yaml', 'yml', 'json', 'js', 'mjs', 'cjs', 'ts'].map((type) => `evenkeel.config.${type}`),
] as const;

/** Absolute. `given`: --config. null: there is none in `cwd` or above. */
export function findConfig(cwd: string, given: string | null): string | null {
  if (given !== null) return resolve(cwd, given);
  for (const folder of foldersUp(cwd)) {
    const found = CONFIG_NAMES.find((name) => isConfig(join(folder, name)));
    if (found !== undefined) return join(folder, found);
  }
  return null;
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

function hasEvenkeelKey(file: string): boolean {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof content === 'object' && content !== null && 'evenkeel' in content;
  } catch {
    return false;
  }
}
