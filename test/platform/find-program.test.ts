import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireProgram } from '../../src/platform/find-program.ts';
import { tempDir } from '../support/temp-dir.ts';

function folder(): string {
  const dir = tempDir();
  mkdirSync(join(dir, 'bin/folder'), { recursive: true });
  for (const [file, mode] of [
    ['bin/runs', 0o755],
    ['bin/text', 0o644],
  ] as const) {
    writeFileSync(join(dir, file), '');
    chmodSync(join(dir, file), mode);
  }
  return dir;
}

describe('requireProgram', () => {
  it.each([
    ['runs', '/nowhere:bin'],
    ['./bin/runs', undefined],
    ['bin/runs', '/nowhere'],
    // What the system then looks through is not known here.
    ['whatever', undefined],
  ])('finds %s in %s', (file, path) => {
    expect(() => requireProgram(file, folder(), path)).not.toThrow();
  });

  it.each(['text', 'folder', 'none', ''])('does not find "%s", and does not say what the environment has', (file) => {
    expect(() => requireProgram(file, folder(), '/nowhere:bin')).toThrow(
      expect.objectContaining({
        code: 'SPAWN_FAILED',
        message: `there is no program "${file}" in the app's PATH`,
      }),
    );
  });

  it('names a path in whole', () => {
    const dir = folder();
    expect(() => requireProgram('bin/none', dir, undefined)).toThrow(`the program ${dir}/bin/none cannot be run`);
  });
});
