// Builds the CLI into a folder of its own, for tests that run it as a program.

import { copyFileSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../../src/bundle.mjs';

export interface BuiltCli {
  readonly program: string;
  /** To be removed by the caller. */
  readonly folder: string;
}

export async function buildCli(): Promise<BuiltCli> {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-cli-'));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  await bundle(['src/cli/main.ts'], join(folder, 'dist'));
  return { program: join(folder, 'dist/cli/main.cjs'), folder };
}
