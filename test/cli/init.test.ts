import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { starterConfig } from '../../src/cli/starter-config.ts';
import { systemFiles } from '../../src/config/files.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import { tempDir } from '../support/temp-dir.ts';
import { run } from './support/run.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = tempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

describe('the config that init writes', () => {
  it.each([
    ['with a program', { 'server.js': '' }, ['web']],
    ['without one', {}, []],
  ])('passes check: %s', async (_name, files, apps) => {
    const cwd = folderWith(files);
    await run(['init'], { cwd });
    const request = { from: cwd, file: null, profile: null };
    const host = {
      variables: {},
      cpus: 2,
      files: systemFiles,
      users: { problemOf: () => null },
      strict: false,
      onFound: () => {},
    };
    const spec = await loadEcosystem(request, host);
    expect(spec.apps.map((app) => app.name)).toEqual(apps);
  });
});

describe('init', () => {
  it.each([
    ['server.js', { 'server.js': '', 'index.js': '' }],
    ['index.js', { 'index.js': '' }],
    ['lib/main.js', { 'package.json': '{"main":"lib/main.js"}', 'lib/main.js': '', 'server.js': '' }],
    ['server.js', { 'package.json': '{"main":"gone.js"}', 'server.js': '' }],
    ['server.js', { 'package.json': 'not json', 'server.js': '' }],
  ])('writes a config for %s where there is %j', async (script, files) => {
    const cwd = folderWith(files);
    const { code, out } = await run(['init'], { cwd });
    expect([code, out]).toEqual([0, `evenkeel.config.yaml written for ${script}. Next: evenkeel start\n`]);
    const config = parse(readFileSync(join(cwd, 'evenkeel.config.yaml'), 'utf8'));
    expect(config).toEqual({ apps: { web: { script, workers: 1, env: { NODE_ENV: 'production' } } } });
  });

  it('writes one without apps, and an example in comments, where there is no program', async () => {
    const cwd = tempDir();
    expect(await run(['init'], { cwd })).toMatchObject({ code: 0 });
    const text = readFileSync(join(cwd, 'evenkeel.config.yaml'), 'utf8');
    expect(parse(text)).toEqual({ apps: {} });
    expect(text).toContain('#  web:\n#    script: "server.js"');
  });

  it.runIf(process.platform === 'linux')('says what helps where it may not write', async () => {
    const { code, err } = await run(['init'], { cwd: '/sys' });
    expect(code).toBe(1);
    expect(err).toMatch(/^error: cannot write \/sys\/evenkeel\.config\.yaml: (EACCES|EPERM|EROFS)\nhint: ./);
  });

  it('its example in comments is the app that it would write', () => {
    const uncommented = starterConfig(null)
      .replace('apps: {}', 'apps:')
      .replace(/^#( {2})/gm, '$1');
    expect(uncommented).toBe(starterConfig('server.js'));
  });

  it.each(['evenkeel.config.yaml', 'evenkeel.config.ts', '.evenkeelrc'])('overwrites nothing: %s', async (name) => {
    const cwd = folderWith({ [name]: 'mine' });
    const { code, err } = await run(['init'], { cwd });
    expect(code).toBe(2);
    expect(err).toContain(`${name} is there already`);
    expect(readFileSync(join(cwd, name), 'utf8')).toBe('mine');
  });

  it('does not mind a config further up', async () => {
    const cwd = join(folderWith({ 'evenkeel.config.yaml': 'apps: {}', 'sub/server.js': '' }), 'sub');
    expect(await run(['init'], { cwd })).toMatchObject({ code: 0 });
    expect(existsSync(join(cwd, 'evenkeel.config.yaml'))).toBe(true);
  });

  it('--json tells the file and the program', async () => {
    const cwd = folderWith({ 'server.js': '' });
    expect(JSON.parse((await run(['init', '--json'], { cwd })).out)).toEqual({
      file: join(cwd, 'evenkeel.config.yaml'),
      script: 'server.js',
      apps: ['web'],
    });
  });
});
