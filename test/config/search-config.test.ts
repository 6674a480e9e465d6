import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { searchConfig } from '../../src/config/search-config.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A folder with these files; a text of null is a directory. */
function folderWith(files: Readonly<Record<string, string | null>>): string {
  const folder = tempDir();
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(text === null ? file : dirname(file), { recursive: true });
    if (text !== null) writeFileSync(file, text);
  }
  return folder;
}

test.each([
  ...['yaml', 'yml', 'json', 'js', 'mjs', 'cjs', 'ts'].map((extension) => `evenkeel.config.${extension}`),
  ...['.evenkeelrc', '.evenkeelrc.json', '.evenkeelrc.yaml', '.evenkeelrc.yml'],
])('%s is found', async (name) => {
  const folder = folderWith({ [name]: 'apps: {}' });
  expect(await searchConfig(folder)).toBe(join(folder, name));
});

test('package.json is found when it has the key', async () => {
  const folder = folderWith({ 'package.json': '{"evenkeel": {}}', 'deep/package.json': '{"name": "evenkeel"}' });
  expect(await searchConfig(join(folder, 'deep'))).toBe(join(folder, 'package.json'));
});

test('a package.json that is empty is passed over', async () => {
  const folder = folderWith({ '.evenkeelrc': 'apps: {}', 'deep/package.json': '' });
  expect(await searchConfig(join(folder, 'deep'))).toBe(join(folder, '.evenkeelrc'));
});

test('a package.json that cannot be read is found when it means us, and passed over otherwise', async () => {
  const folder = folderWith({ 'package.json': '{"evenkeel": {', 'deep/package.json': '{"name": ' });
  expect(await searchConfig(join(folder, 'deep'))).toBe(join(folder, 'package.json'));
});

test('the nearest folder wins, and in it the file of our own name', async () => {
  const folder = folderWith({
    'evenkeel.config.yaml': 'apps: {}',
    'a/package.json': '{"evenkeel": {}}',
    'a/.evenkeelrc': 'apps: {}',
    'a/b/c/x': '',
  });
  expect(await searchConfig(join(folder, 'a/b/c'))).toBe(join(folder, 'a/.evenkeelrc'));
});

test('an empty config is a config', async () => {
  const folder = folderWith({ 'evenkeel.config.yaml': '' });
  expect(await searchConfig(folder)).toBe(join(folder, 'evenkeel.config.yaml'));
});

test('what a config says is not looked at', async () => {
  const folder = folderWith({ 'evenkeel.config.json': '{"$import": "./other.json"', 'other.json': '{' });
  expect(await searchConfig(folder)).toBe(join(folder, 'evenkeel.config.json'));
});

test('a FIFO in a place for configs is refused, and not opened', async () => {
  const folder = tempDir();
  execFileSync('mkfifo', [join(folder, '.evenkeelrc')]);
  await expect(searchConfig(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a directory in a place after the config harms nothing', async () => {
  const folder = folderWith({ 'evenkeel.config.yaml': 'apps: {}', '.evenkeelrc': null, 'package.json': null });
  expect(await searchConfig(folder)).toBe(join(folder, 'evenkeel.config.yaml'));
});

test('there may be none', async () => {
  expect(await searchConfig('/')).toBeNull();
});
