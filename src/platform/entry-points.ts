// Where the built programs of this package are, from whichever file the caller was bundled into.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PROGRAMS = {
  manager: 'dist/manager/main.cjs',
  cluster: 'dist/cluster/main.cjs',
  config: 'dist/config/main.cjs',
  agent: 'dist/agent/main.cjs',
} as const;

export type ProgramName = keyof typeof PROGRAMS;

/** The absolute path of one of the package's programs, built. */
export function entryPoint(name: ProgramName): string {
  return join(packageRoot(), PROGRAMS[name]);
}

let version: string | null = null;

/** The version in package.json, read once. */
export function packageVersion(): string {
  version ??= readVersion(join(packageRoot(), 'package.json'));
  return version;
}

let root: string | null = null;

function packageRoot(): string {
  root ??= findPackageRoot(import.meta.dirname);
  return root;
}

/** The nearest folder with a package.json, at or above `from`. Bundles lie at different depths below it. */
export function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`Internal error: no package.json at or above ${from}`);
  }
}

function readVersion(file: string): string {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof content === 'object' && content !== null && 'version' in content && typeof content.version === 'string') {
    return content.version;
  }
  throw new Error(`Internal error: ${file} has no version`);
}
