// The config is found by name alone, and it is the one that the loader reads.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findConfig } from '../../src/client/find-config.ts';
import { searchConfig } from '../../src/config/search-config.ts';
import { tempDir } from '../support/temp-dir.ts';

const types = ['yaml', 'yml', 'json', 'js', 'mjs', 'cjs', 'ts'];
const NAMES = [
  ...types.map((type) => `evenkeel.config.${type}`),
  '.evenkeelrc',
  '.evenkeelrc.json',
  '.evenkeelrc.yaml',
  '.evenkeelrc.yml',
];

describe('findConfig', () => {
  it.each(NAMES)('finds %s, from a folder below too, as the loader does', async (name) => {
    const folder = tempDir();
    const below = join(folder, 'a/b');
    mkdirSync(below, { recursive: true });
    writeFileSync(join(folder, name), '{}');
    for (const from of [folder, below]) {
      expect(findConfig(from, null)).toBe(join(folder, name));
      expect(await searchConfig(from)).toBe(join(folder, name));
    }
  });

  it('prefers the same one as the loader where there are several', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'package.json'), '{"evenkeel":{"apps":{}}}');
    for (const name of [...NAMES].reverse()) {
      writeFileSync(join(folder, name), '{}');
      expect(findConfig(folder, null)).toBe(await searchConfig(folder));
    }
  });

  it.each([
    ['{"evenkeel":{"apps":{}}}', true],
    ['{"name":"shop"}', false],
    ['{"name":"evenkeel"}', false],
    ['{"evenkeel": broken', true],
    ['broken', false],
  ])('package.json %s: %s, as the loader does', async (text, found) => {
    const folder = tempDir();
    const file = join(folder, 'package.json');
    writeFileSync(file, text);
    expect(findConfig(folder, null)).toBe(found ? file : null);
    expect(await searchConfig(folder)).toBe(found ? file : null);
  });

  it('takes what `start SCRIPT` has noted only where a folder has no config, as the loader does', async () => {
    const folder = tempDir();
    const below = join(folder, 'below');
    mkdirSync(join(folder, '.evenkeel'));
    mkdirSync(below);
    const scripts = join(folder, '.evenkeel/scripts.json');
    writeFileSync(scripts, '{}');
    for (const from of [folder, below])
      expect([findConfig(from, null), await searchConfig(from)]).toEqual([scripts, scripts]);
    for (const [place, file] of [
      [folder, 'package.json'],
      [below, 'evenkeel.config.ts'],
    ] as const) {
      writeFileSync(join(place, file), '{"evenkeel":{}}');
      for (const from of [place, below])
        expect([findConfig(from, null), await searchConfig(from)]).toEqual([join(place, file), join(place, file)]);
    }
  });

  it('goes by the file that is named, whether it is there or not', () => {
    expect(findConfig('/srv/shop', 'conf/prod.yaml')).toBe('/srv/shop/conf/prod.yaml');
    expect(findConfig('/srv/shop', '/etc/shop.yaml')).toBe('/etc/shop.yaml');
  });
});
