// Builds the CLI as `npm run build` does, into a folder of its own, for tests that run it as a program.

import { copyFileSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export interface BuiltCli {
  readonly program: string;
  /** To be removed by the caller. */
  readonly folder: string;
}

export function buildCli(): BuiltCli {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-cli-'));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  buildSync({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    outbase: 'src',
    outdir: join(folder, 'dist'),
    logLevel: 'error',
  });
  return { program: join(folder, 'dist/cli/main.js'), folder };
}
