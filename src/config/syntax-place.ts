// Where a config that is a program has its syntax error: V8 shows it above the error, with a caret under the place. Of an
// ES module it is only shown to who asks Node to check the file. (config loader)

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface SyntaxPlace {
  /** The config, or what it imports. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const DEADLINE = 10_000;

/** `file`: the config. null: it cannot be told, which is so for ES modules that the config imports. */
export function findSyntaxError(file: string, stack: string): SyntaxPlace | null {
  const shown = readShownPlace(stack);
  if (shown !== null) return shown;
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: DEADLINE });
  return readShownPlace(stderr ?? '');
}

/** Pure. "/shop/c.mjs:2", then the line, then spaces and "^^^"; at the end of a file there are neither line nor caret. */
export function readShownPlace(text: string): SyntaxPlace | null {
  const [, name = '', line = '', caret] = /^(file:\/\/\S+|\/.*):(\d+)\n(?:.*\n([ \t]*)\^)?/.exec(text) ?? [];
  if (name === '') return null;
  const file = name.startsWith('file:') ? fileURLToPath(name) : name;
  return { file, line: Number(line), column: (caret?.length ?? 0) + 1 };
}
