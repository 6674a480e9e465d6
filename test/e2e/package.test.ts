// The package as it would be published: packed, unpacked into an empty folder, and used from there.
//
// @module-tag more

import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NODE, scrubbedEnv } from '../support/cli-process.ts';
import { localLinks } from '../support/markdown.ts';
import { tiers } from '../support/tiers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const CONSUMER = fileURLToPath(new URL('fixtures/consumer', import.meta.url));

let folder = '';
let installed = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-consumer-'));
  const packed = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], ROOT).trim();
  installed = join(folder, 'node_modules/evenkeel');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed), '-C', installed, '--strip-components=1']);
  // Its dependencies, as npm would put them beside it.
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) symlinkSync(join(MODULES, name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(file: string, args: readonly string[], cwd = folder): string {
  return execFileSync(file, args, { cwd, encoding: 'utf8', env: scrubbedEnv({}), stdio: ['ignore', 'pipe', 'pipe'] });
}

function node(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return run(NODE, [name]);
}

describe('what is said of it', () => {
  test('is there where the README, the changelog and hints say so, but for what only a clone has', () => {
    const read = (file: string): string => readFileSync(join(installed, file), 'utf8');
    const named = ['README.md', 'CHANGELOG.md'].flatMap((file) =>
      localLinks(read(file)).map((link) => link.split('#')[0] ?? ''),
    );
    const { stderr } = spawnSync(NODE, ['node_modules/evenkeel/dist/cli/main.cjs', 'startup'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const hinted = /docs\/\S+\.md/.exec(stderr)?.[0];
    expect(hinted).toBe('docs/systemd.md');
    const files = [
      ...named.filter((link) => !/^(?:|(?:examples|test|bench)\b.*|CONTRIBUTING\.md)$/.test(link)),
      hinted ?? '',
    ];
    expect(files.filter((file) => !existsSync(join(installed, file)))).toEqual([]);
  });
});

const API = ['EvenkeelError', 'OperationError', 'connect', 'defineConfig', 'startManager'];
const WORKER = ['onShutdown', 'onTakedown', 'ready', 'readyFor', 'requestReplacement'];

describe('a program', () => {
  test('imports both modules', () => {
    const text = `import * as api from 'evenkeel'; import * as worker from 'evenkeel/worker';
      console.log(JSON.stringify([Object.keys(api), Object.keys(worker)]));`;
    expect(JSON.parse(node('program.mjs', text))).toEqual([API, WORKER]);
  });

  test('requires both modules, and has the very same as one that imports them', () => {
    const text = `const api = require('evenkeel'); const worker = require('evenkeel/worker');
      console.log(JSON.stringify([Object.keys(api).sort(), Object.keys(worker).sort()]));
      import('evenkeel').then((imported) => console.log(imported.EvenkeelError === api.EvenkeelError));
      import('evenkeel/worker').then((imported) => console.log(imported.ready === worker.ready));`;
    const [names, ...same] = node('program.cjs', text).trim().split('\n');
    expect(JSON.parse(names ?? '')).toEqual([API, WORKER]);
    expect(same).toEqual(['true', 'true']);
  });

  test('reaches nothing that is not public', () => {
    const text = `import('evenkeel/dist/index.cjs').catch((error) => console.log(error.code))`;
    expect(node('reach.mjs', text)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });

  test('a config uses defineConfig, and the CLI of the package runs it', () => {
    const text = `import { defineConfig } from 'evenkeel';
      export default defineConfig({ apps: { web: { command: ['sleep', '9'], workers: ({ cpus }) => cpus } } });`;
    writeFileSync(join(folder, 'evenkeel.config.mjs'), text);
    const bin = join(installed, 'dist/cli/main.cjs');
    expect(JSON.parse(run(NODE, [bin, 'check', '--json']))).toMatchObject({ ok: true, apps: ['web'] });
    rmSync(join(folder, 'evenkeel.config.mjs'));
  });
});

describe('types', () => {
  const MODES = [
    { name: 'node16', program: 'program.ts', options: { module: 'node16', moduleResolution: 'node16' } },
    { name: 'node16, CommonJS', program: 'program.cts', options: { module: 'node16', moduleResolution: 'node16' } },
    { name: 'nodenext', program: 'program.ts', options: { module: 'nodenext', moduleResolution: 'nodenext' } },
    { name: 'bundler', program: 'program.ts', options: { module: 'esnext', moduleResolution: 'bundler' } },
  ];

  for (const [modes, tier] of tiers(MODES))
    test.each(modes)('$name: a program compiles, and what is wrong in it is refused', tier, compile);

  function compile({ program, options }: (typeof MODES)[number]): void {
    const project = join(folder, 'typed');
    mkdirSync(project, { recursive: true });
    cpSync(join(CONSUMER, 'program.ts'), join(project, program));
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false, target: 'es2023' },
      ...{ lib: ['es2023'], types: ['node'], typeRoots: [join(MODULES, '@types')], ...options },
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [program] }));
    expect(tsc(project)).toBe('');
    rmSync(project, { recursive: true });
  }

  test('are those of the public modules, and no others', () => {
    const files = readdirSync(join(installed, 'dist/types/esm'), { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(expect.arrayContaining(['index.d.ts', 'worker.d.ts']));
    expect(files.filter((file) => /^(?:agent|cluster|manager|cli)\//.test(file))).toEqual([]);
  });
});

/** What the compiler has to say. */
function tsc(project: string): string {
  try {
    return run(process.execPath, [join(MODULES, 'typescript/bin/tsc'), '--project', project]);
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  }
}
