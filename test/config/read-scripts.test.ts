// scripts.json as a config: the same ecosystem comes out of it as out of a file that says the same.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { systemFiles } from '../../src/config/files.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import type { EcosystemSpec } from '../../src/core/spec.ts';
import { folderOfScripts, type ScriptStart, scriptsFileOf } from '../../src/protocol/script-starts.ts';
import { tempDir } from '../support/temp-dir.ts';

function start(folder: string, change: Partial<ScriptStart> = {}): ScriptStart {
  return { script: join(folder, 'server.js'), args: [], cwd: folder, nodeArgs: [], env: {}, shellEnv: {}, ...change };
}

function write(folder: string, data: unknown): string {
  const file = scriptsFileOf(folder);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof data === 'string' ? data : JSON.stringify({ version: 1, data }));
  return file;
}

function load(from: string, file: string | null = null): Promise<EcosystemSpec> {
  const host = {
    variables: { SHELL_OF: 'the reader' },
    cpus: 8,
    files: systemFiles,
    users: { problemOf: () => null },
    strict: false,
    onFound: () => {},
  };
  return loadEcosystem({ from, file, profile: null }, host);
}

describe('scripts.json', () => {
  it('is found where there is no config, from a folder below too, and belongs to its folder', async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    const file = write(folder, { apps: { server: start(folder) } });
    for (const from of [folder, join(folder, 'a/b')]) {
      const found = await load(from);
      expect(found).toMatchObject({ file, stateDir: join(folder, '.evenkeel'), profile: null });
      expect(found.name).toBe(folder.split('/').at(-1));
    }
  });

  it('says what was said at the start, and else what a config that says nothing would', async () => {
    const folder = tempDir();
    const said = {
      args: ['-v', ''],
      nodeArgs: ['--no-warnings'],
      workers: '50%',
      stdout: '/dev/null',
      stderr: '-',
      ...{ maxLogSize: 1_000_000, ready: 'message' as const },
      env: { A: '1', B: 'named' },
      shellEnv: { B: 'of the shell', C: '3' },
    };
    write(folder, { apps: { plain: start(folder), server: start(folder, said) } });
    writeFileSync(join(folder, 'other.yaml'), 'apps: { plain: { script: server.js, inheritEnv: false } }');
    writeFileSync(join(folder, 'server.js'), '');
    const [plain, server] = (await load(folder)).apps;
    expect(plain).toEqual((await load(folder, 'other.yaml')).apps[0]);
    expect(server).toMatchObject({
      ...{ args: ['-v', ''], node: { bin: 'node', args: ['--no-warnings'] }, workers: 4 },
      ...{ env: { A: '1', B: 'named', C: '3' }, ready: { on: 'message' } },
      logs: { stdout: { kind: 'off' }, stderr: { kind: 'inherit' }, maxSize: 1_000_000 },
    });
    expect(server?.env).not.toHaveProperty('SHELL_OF');
  });

  test('takes every text as it is', async () => {
    const folder = tempDir();
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    const pieces = fc.array(fc.constantFrom('$', '${', '}', '$$', `\${HOME}`, `\${A:-b}`, 'x', '\n', '"'), {
      maxLength: 8,
    });
    const value = fc.oneof(
      text,
      pieces.map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(value, fc.array(value, { maxLength: 3 }), async (variable, args) => {
        write(folder, {
          apps: { server: start(folder, { args, env: { A: variable }, shellEnv: { 'odd.name%%': variable } }) },
        });
        const [app] = (await load(folder)).apps;
        // What JSON cannot hold, no process can have in its environment either.
        expect(app).toMatchObject(JSON.parse(JSON.stringify({ args, env: { A: variable, 'odd.name%%': variable } })));
      }),
      { numRuns: 60 },
    );
  });

  it('may name a script that is gone: that is the one app that fails when it is started', async () => {
    const folder = tempDir();
    write(folder, { apps: { gone: start('/no/such/folder'), server: start(folder) } });
    expect((await load(folder)).apps.map(({ name }) => name)).toEqual(['gone', 'server']);
  });

  it('gives way to a config that is written beside it, also for who goes by it already', async () => {
    const folder = tempDir();
    const file = write(folder, { apps: { server: start(folder) } });
    expect((await load('/', file)).apps.map(({ name }) => name)).toEqual(['server']);
    writeFileSync(join(folder, '.evenkeelrc.json'), '{"apps":{}}');
    for (const given of [null, file])
      expect(await load(folder, given)).toMatchObject({ file: join(folder, '.evenkeelrc.json') });
  });

  it.each([
    ['nothing', ''],
    ['garbage', '{"half": '],
    ['a config', '{"apps":{}}'],
    ['another form', { apps: { server: { script: 7 } } }],
    ['no apps', { scripts: [] }],
  ])('with %s in it is refused', async (_, content) => {
    const folder = tempDir();
    write(folder, content);
    await expect(load(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('that is large holds the environment of many apps', async () => {
    const folder = tempDir();
    const shellEnv = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`V${index}`, 'x'.repeat(1_000)]));
    write(folder, { apps: { server: start(folder, { shellEnv }) } });
    expect(Object.keys((await load(folder)).apps[0]?.env ?? {})).toHaveLength(2_000);
  });
});

it.each([
  ['/srv/shop/.evenkeel/scripts.json', '/srv/shop'],
  ['/.evenkeel/scripts.json', '/'],
  ['/srv/shop/scripts.json', null],
  ['/srv/shop/x.evenkeel/scripts.json', null],
  ['/srv/shop/evenkeel.config.yaml', null],
])('the folder of %s is %s', (file, folder) => {
  expect(folderOfScripts(file)).toBe(folder);
  if (folder !== null) expect(scriptsFileOf(folder)).toBe(file);
});
