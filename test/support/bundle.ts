// Builds a source file into a program that plain Node runs, for tests that need several processes of our own code.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** `source`: TypeScript that imports from `src` as a file in the package's root would. Gives the program and its folder, which the caller removes. */
export function bundleProgram(source: string): { readonly program: string; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-program-'));
  const program = join(folder, 'program.mjs');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  buildSync({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile: program,
    logLevel: 'error',
  });
  return { program, folder };
}
