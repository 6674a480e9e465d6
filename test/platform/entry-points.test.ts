import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { entryPoint, findPackageRoot, packageVersion } from '../../src/platform/entry-points.ts';
import { tempDir } from '../support/temp-dir.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('entry points', () => {
  it.each([
    ['manager', 'dist/manager/main.cjs'],
    ['cluster', 'dist/cluster/main.cjs'],
    ['config', 'dist/config/main.cjs'],
    ['agent', 'dist/agent/main.cjs'],
  ] as const)('%s is %s of the package', (name, file) => {
    expect(entryPoint(name)).toBe(join(root, file));
  });

  it.each(['dist', 'dist/manager', 'dist/chunks', 'src/platform'])(
    'finds the package from a file in %s',
    async (folder) => {
      const dir = tempDir();
      await mkdir(join(dir, folder), { recursive: true });
      await writeFile(join(dir, 'package.json'), '{}');
      expect(findPackageRoot(join(dir, folder))).toBe(dir);
    },
  );

  it('gives the version of package.json', () => {
    const content: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(content).toMatchObject({ version: packageVersion() });
  });
});
