import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../src/bundle.mjs';
import { runLoader } from '../../src/config/run-loader.ts';
import type { EcosystemSpec } from '../../src/core/spec.ts';
import { tempDir } from '../support/temp-dir.ts';

/** The package as it is installed, with nothing but the loader in it. */
const installed = mkdtempSync(join(tmpdir(), 'evenkeel-loader-'));
const loader = join(installed, 'dist/config/main.cjs');

beforeAll(async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  for (const folder of ['node_modules', 'schemas']) symlinkSync(join(root, folder), join(installed, folder));
  writeFileSync(join(installed, 'package.json'), '{"type": "module"}');
  await bundle(['src/config/main.ts'], join(installed, 'dist'));
});

afterAll(() => rmSync(installed, { recursive: true, force: true }));

interface Run {
  readonly file?: string | null;
  readonly profile?: string | null;
  readonly env?: NodeJS.ProcessEnv;
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  readonly strict?: boolean;
}

function load(
  from: string,
  { file = null, profile = null, env = {}, deadline = 25_000, signal, strict = false }: Run = {},
): Promise<EcosystemSpec> {
  const options = { loader, cpus: 6, forManager: false, strict, deadline, env: { PATH: process.env.PATH, ...env } };
  return runLoader({ from, file, profile }, signal === undefined ? options : { ...options, signal });
}

function folderWith(name: string, text: string): string {
  const folder = tempDir();
  writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'a.js'), '');
  return folder;
}

test('the folder of a unix socket that is missing is told only where the file is looked over', async () => {
  const folder = folderWith('evenkeel.config.yaml', 'apps: { a: { script: a.js, listen: [run/a.sock] } }');
  await expect(load(folder)).resolves.toMatchObject({ apps: [{ name: 'a' }] });
  const problems = [{ path: 'apps.a.listen[0]' }];
  await expect(load(folder, { strict: true })).rejects.toMatchObject({ code: 'CONFIG_INVALID', problems });
});

describe('a config that is a program with a syntax error', () => {
  test.each([
    ['evenkeel.config.mjs', 'export default {\n', 2, 1],
    ['evenkeel.config.mjs', 'const a = 1;\nexport default { a: [1, 2 };\n', 2, 27],
    ['evenkeel.config.cjs', 'module.exports = {\n  a b\n}', 2, 5],
    ['evenkeel.config.ts', 'const a: number = 1;\nexport default { a:: a };', 2, 20],
  ])('%s: %j', async (name, text, line, column) => {
    const folder = folderWith(name, text);
    const file = join(folder, name);
    await expect(load(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID', problems: [{ file, line, column }] });
  });

  test('that is in a file which it requires: it is located there', async () => {
    const folder = folderWith('evenkeel.config.cjs', "module.exports = require('./part.cjs')");
    writeFileSync(join(folder, 'part.cjs'), 'a b');
    const problems = [{ file: join(folder, 'part.cjs'), line: 1, column: 3 }];
    await expect(load(folder)).rejects.toMatchObject({ problems });
  });
});

describe('a config that is right', () => {
  const TEXT = 'profiles: { p: { name: pro } }\napps: { a: { script: a.js, workers: max, env: { X: "$'.concat(
    '{X}" } } }',
  );

  test('becomes an ecosystem, frozen all the way down', async () => {
    const folder = folderWith('evenkeel.config.yaml', TEXT);
    mkdirSync(join(folder, 'deep'));
    const ecosystem = await load(join(folder, 'deep'), { env: { X: 'x' } });
    expect(ecosystem).toMatchObject({ file: join(folder, 'evenkeel.config.yaml'), profile: null });
    expect(ecosystem.apps).toMatchObject([{ name: 'a', script: join(folder, 'a.js'), workers: 6, env: { X: 'x' } }]);
    expect(Object.isFrozen(ecosystem.apps[0]?.restart)).toBe(true);
  });

  test('is the one that is named, with the profile that is named', async () => {
    const folder = folderWith('other.yaml', TEXT);
    const ecosystem = await load(folder, { file: 'other.yaml', profile: 'p', env: { X: 'x' } });
    expect(ecosystem).toMatchObject({ name: 'pro', profile: 'p' });
  });

  test('of any size comes through whole', async () => {
    const apps = Array.from(
      { length: 400 },
      (_, index) => `  app${index}: { script: a.js, args: [${'x'.repeat(1000)}] }`,
    );
    const folder = folderWith('evenkeel.config.yaml', `apps:\n${apps.join('\n')}\n`);
    expect((await load(folder)).apps).toHaveLength(400);
  });

  test.each([
    ['prints', 'console.log("noise"); process.stdout.write("{}");'],
    ['leaves timers running', 'setInterval(() => {}, 1000);'],
    ['leaves a server listening', '(await import("node:net")).createServer().listen(0);'],
    ['changes its environment', 'delete process.env.PATH; process.env.EXTRA = "1";'],
    ['replaces process.exit', 'process.exit = () => { throw new Error("no"); };'],
  ])('may be a program that %s', async (_, code) => {
    const folder = folderWith('evenkeel.config.mjs', `${code}\nexport default { apps: { a: { script: 'a.js' } } };`);
    const { apps } = await load(folder);
    expect(Object.keys(apps[0]?.env ?? {})).toEqual(['PATH']);
  });

  test('may start a program that stays: it does not hold the answer up', async () => {
    const spawn = '(await import("node:child_process")).spawn("sleep", ["60"], { detached: true, stdio: "ignore" })';
    const folder = folderWith(
      'evenkeel.config.mjs',
      `const child = ${spawn};\nexport default { name: String(child.pid), apps: {} };`,
    );
    const { name } = await load(folder);
    process.kill(Number(name), 'SIGKILL');
  });

  test('runs in its own folder, whatever the folder of the caller', async () => {
    const folder = folderWith('evenkeel.config.mjs', 'export default { name: process.cwd(), apps: {} };');
    const { file, name } = await load(folder);
    expect(file).toBe(join(name, 'evenkeel.config.mjs'));
  });

  test('is read anew each time', async () => {
    const folder = folderWith('evenkeel.config.mjs', 'export default { name: "one", apps: {} };');
    expect((await load(folder)).name).toBe('one');
    writeFileSync(join(folder, 'evenkeel.config.mjs'), 'export default { name: "two", apps: {} };');
    expect((await load(folder)).name).toBe('two');
  });
});

describe('a config that is wrong', () => {
  test('is refused with every problem', async () => {
    const folder = folderWith('evenkeel.config.yaml', 'nam: x\napps: { a: {} }');
    await expect(load(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      exitCode: 2,
      problems: [
        { line: 1, column: 1, path: 'nam' },
        { line: 2, column: 9, path: 'apps.a' },
      ],
    });
  });

  test.each([
    ['ends the process', 'process.exit(0)', 'ended the process (code 0)'],
    ['ends the process with a code', 'process.exit(7)', 'ended the process (code 7)'],
    [
      'throws later',
      'queueMicrotask(() => { throw new Error("late"); }); await new Promise(() => {});',
      'threw Error: late',
    ],
    [
      'rejects and does not look',
      'Promise.reject(new Error("lost")); await new Promise(() => {});',
      'threw Error: lost',
    ],
    ['waits for nothing', 'await new Promise(() => {})', 'waits for something that never comes'],
    ['crashes', 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {});', 'was killed by SIGKILL'],
  ])('because it %s', async (_, code, message) => {
    const folder = folderWith('evenkeel.config.mjs', `${code}\nexport default {}`);
    await expect(load(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      problems: [{ message: expect.stringContaining(message) }],
    });
  });

  test.each([
    ['for ever', 'setInterval(() => {}, 1000); export default new Promise(() => {});'],
    ['in a loop', 'for (;;);'],
  ])('because it runs %s: it is killed at the deadline', async (_, code) => {
    const folder = folderWith('evenkeel.config.mjs', code);
    await expect(load(folder, { deadline: 1000 })).rejects.toMatchObject({ code: 'TIMED_OUT', exitCode: 4 });
  });
});

test('there may be no config', async () => {
  await expect(load('/')).rejects.toMatchObject({ code: 'NO_CONFIG', exitCode: 2 });
  await expect(load('/', { file: 'none.yaml' })).rejects.toMatchObject({
    code: 'NO_CONFIG',
    message: expect.stringContaining('/none.yaml'),
  });
});

test('an abort ends the loader', async () => {
  const folder = folderWith('evenkeel.config.mjs', 'for (;;);');
  const reason = new Error('interrupted');
  await expect(load(folder, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
