import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  configOf,
  defaultStateDir,
  findStateDir,
  isSameConfig,
  registerEcosystem,
} from '../../src/platform/registry.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Place {
  readonly config: string;
  readonly usual: string;
  readonly elsewhere: string;
}

/** What was registered for it is forgotten when the test has ended. */
function place(): Place {
  const folder = tempDir();
  const config = join(folder, 'evenkeel.config.yaml');
  writeFileSync(config, '');
  const [usual, elsewhere] = [defaultStateDir(config), join(folder, 'state')];
  for (const dir of [usual, elsewhere]) mkdirSync(dir, { mode: 0o700 });
  onTestFinished(async () => {
    mkdirSync(usual, { recursive: true, mode: 0o700 });
    await registerEcosystem(config, usual);
  });
  return { config, usual, elsewhere };
}

describe('the registry of ecosystems', () => {
  it('leads from a config to a state directory that is elsewhere', async () => {
    const { config, elsewhere } = place();
    expect(await findStateDir(config)).toBeNull();
    await registerEcosystem(config, elsewhere);
    expect(await findStateDir(config)).toBe(elsewhere);
    expect(configOf(elsewhere)).toBe(config);
  });

  it('needs no pointer to the usual place, and removes one that is out of date', async () => {
    const { config, usual, elsewhere } = place();
    await registerEcosystem(config, elsewhere);
    await registerEcosystem(config, usual);
    expect(await findStateDir(config)).toBeNull();
    expect(configOf(usual)).toBe(config);
  });

  it('writes for the owner alone', async () => {
    const { config, elsewhere } = place();
    await registerEcosystem(config, elsewhere);
    expect(statSync(join(elsewhere, 'config.path')).mode & 0o777).toBe(0o600);
  });

  it('knows a config through a symbolic link', async () => {
    const { config, elsewhere } = place();
    await registerEcosystem(config, elsewhere);
    const link = join(tempDir(), 'link.yaml');
    symlinkSync(config, link);
    expect(await findStateDir(link)).toBe(elsewhere);
    expect(isSameConfig(link, config)).toBe(true);
    expect(isSameConfig(link, `${config}.other`)).toBe(false);
  });

  it('says nothing of a state directory that was never registered', () => {
    expect(configOf(tempDir())).toBeNull();
  });
});
