// Files that a config names, on a real disk: what is wrong with one, and what to do about it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readText } from '../../src/config/read-text.ts';
import { tempDir } from '../support/temp-dir.ts';
import { problemsOf } from './resolve-text.ts';

const MAKE: Readonly<Record<string, (path: string) => void>> = {
  fifo: (path) => void execFileSync('mkfifo', [path]),
  folder: (path) => mkdirSync(path),
  large: (path) => writeFileSync(path, '#'.repeat(1024 * 1024 + 1)),
  latin1: (path) => writeFileSync(path, Uint8Array.of(0x61, 0x3d, 0xff)),
  none: () => {},
};

const FAULTS = [
  ['fifo', 'is a FIFO (named pipe), not a regular file', 'name a regular file'],
  ['folder', 'is a directory, not a file', 'name the file in it'],
  ['large', 'is larger than 1 MB', 'name a smaller file'],
  ['latin1', 'is not UTF-8 text', 'save it as UTF-8'],
  ['none', 'does not exist', 'create it, or remove the key'],
] as const;

test.each(FAULTS)('one that is %s', (kind, reason, hint) => {
  const file = join(tempDir(), kind);
  MAKE[kind]?.(file);
  const text = `apps:\n  a:\n    script: a.js\n    envFile: ${file}\n    env: { KEY: { file: ${file} } }\n`;
  expect(problemsOf(text, { read: readText })).toEqual([
    `config:4:14: apps.a.envFile: the env file ${file} ${reason}\n  hint: ${hint}`,
    `config:5:25: apps.a.env.KEY.file: the file ${file} ${reason}\n  hint: ${hint}`,
  ]);
});

test('a device is none', () => {
  expect(problemsOf('apps: { a: { script: a.js, envFile: /dev/null } }', { read: readText })).toEqual([
    expect.stringContaining('the env file /dev/null is a device, not a regular file'),
  ]);
});
