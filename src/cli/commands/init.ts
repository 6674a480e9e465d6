// CLI: evenkeel init

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findConfig } from '../../client/find-config.ts';
import { EvenkeelError, EXIT } from '../../core/errors.ts';
import { errorCode } from '../../platform/system-error.ts';
import { defineCommand } from '../command.ts';
import { starterConfig } from '../starter-config.ts';

const FILE = 'evenkeel.config.yaml';
const USUAL_SCRIPTS = ['server.js', 'server.mjs', 'index.js', 'index.mjs', 'app.js', 'dist/server.js', 'dist/index.js'];

export const command = defineCommand({
  arguments: [],
  options: {},
  details: [
    `Writes ${FILE} into this folder, with an app for the server.js, index.js or "main"`,
    'of package.json that is found here. Overwrites nothing.',
  ].join('\n'),
  examples: [
    { line: 'evenkeel init', does: `write ${FILE}` },
    { line: 'evenkeel init && evenkeel start', does: 'and start what it describes' },
  ],
  run: async ({ cwd }) => {
    const script = findScript(cwd);
    const file = writeStarter(cwd, starterConfig(script));
    const next = script === null ? 'Describe an app in it, then: evenkeel start' : 'Next: evenkeel start';
    const text = `${FILE} written${script === null ? '' : ` for ${script}`}. ${next}\n`;
    return { kind: 'result', exit: EXIT.done, document: { file, script }, text };
  },
});

function writeStarter(cwd: string, text: string): string {
  const existing = findConfig(cwd, null);
  if (existing !== null && !relative(cwd, existing).includes('/')) throw exists(existing);
  const file = join(cwd, FILE);
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return file;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw exists(file);
    throw new EvenkeelError('BAD_USAGE', `cannot write ${file}: ${errorCode(error)}`, { cause: error });
  }
}

function exists(file: string): EvenkeelError {
  return new EvenkeelError('BAD_USAGE', `${file} is there already, and is not overwritten`, {
    hint: '`evenkeel check` validates it.',
  });
}

function findScript(cwd: string): string | null {
  const main = mainOf(join(cwd, 'package.json'));
  const candidates = main === null ? USUAL_SCRIPTS : [main, ...USUAL_SCRIPTS];
  return candidates.find((script) => existsSync(join(cwd, script))) ?? null;
}

function mainOf(file: string): string | null {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content !== 'object' || content === null || !('main' in content)) return null;
    return typeof content.main === 'string' ? content.main : null;
  } catch {
    return null;
  }
}
