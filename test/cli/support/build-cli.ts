// Builds the CLI into a folder of its own, for tests that run it as a program.

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

/** `esm`: with what is loaded later in files of its own. `cjs`: in one file, which Node starts faster. */
export function buildCli(format: 'esm' | 'cjs'): BuiltCli {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const extension = format === 'esm' ? '.js' : '.cjs';
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-cli-'));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  buildSync({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    bundle: true,
    ...(format === 'esm' ? { format, splitting: true } : { format, ...COMMON_JS }),
    platform: 'node',
    target: 'node20',
    packages: 'external',
    outbase: 'src',
    outdir: join(folder, 'dist'),
    outExtension: { '.js': extension },
    logLevel: 'error',
  });
  return { program: join(folder, `dist/cli/main${extension}`), folder };
}

/** What stands in for import.meta.url, which CommonJS does not have. */
const COMMON_JS = {
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
};
