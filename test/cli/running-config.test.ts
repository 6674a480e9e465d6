// The config of `init --from-running` says exactly what runs: whatever that is, the loader makes the same of it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { type RunningApp, runningConfig } from '../../src/cli/running-config.ts';
import { systemFiles } from '../../src/config/files.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { tempDir } from '../support/temp-dir.ts';
import { appSpec } from './support/fake-programs.ts';

const CPUS = 8;

function scene(): { readonly folder: string; readonly spec: AppSpec } {
  const folder = tempDir();
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'server.js'), '');
  const file = (name: string) => ({ kind: 'file' as const, path: join(folder, 'logs', name) });
  const logs = {
    ...appSpec('web').logs,
    stdout: file('web.out.log'),
    stderr: file('web.err.log'),
    maxSize: 10 * 1024 ** 2,
  };
  return { folder, spec: appSpec('web', { script: join(folder, 'server.js'), cwd: folder, logs }) };
}

function running(spec: AppSpec, change: Partial<RunningApp> = {}): RunningApp {
  return { spec, workers: spec.workers, maxLogSize: null, env: spec.env, inherits: false, ...change };
}

async function load(folder: string, text: string): Promise<readonly AppSpec[]> {
  const file = join(folder, 'evenkeel.config.yaml');
  writeFileSync(file, text);
  const host = {
    variables: { HOME: '/home/me' },
    cpus: CPUS,
    files: systemFiles,
    users: { problemOf: () => null },
    strict: false,
    onFound: () => {},
  };
  return (await loadEcosystem({ from: folder, file, profile: null }, host)).apps;
}

it('says no more than is needed', () => {
  const { folder, spec } = scene();
  expect(
    runningConfig(folder, [running(spec, { inherits: true, env: {} })])
      .split('\n')
      .filter((line) => !line.includes('#')),
  ).toEqual([...['', 'apps:', '  web:', '    script: server.js', '    workers: 1', '    inheritEnv: true', '']]);
});

it('describes several apps, with all that `start` can say', async () => {
  const { folder, spec } = scene();
  const all: AppSpec = {
    ...spec,
    ...{
      name: 'other_2',
      args: ['--', 'a b', '', 'true', '1', `\${HOME}`, '-'],
      node: { bin: 'node', args: ['--no-warnings'] },
    },
    ready: { on: 'delay', delay: 1_000, timeout: 30_000 },
    ...{ cwd: join(folder, 'sub'), workers: 4, env: { A: '$$', 'odd.name%%': 'line 1\nline 2' } },
    logs: { ...spec.logs, stdout: { kind: 'off' }, stderr: { kind: 'inherit' }, maxSize: 5 * 1024 ** 2 },
  };
  const text = runningConfig(folder, [running(spec), running(all, { workers: '50%', maxLogSize: 5 * 1024 ** 2 })]);
  expect(text).toContain('workers: "50%"');
  expect(await load(folder, text)).toEqual([spec, all]);
});

it('inherits what is not named, and removes what was removed', async () => {
  const { folder, spec } = scene();
  const text = runningConfig(folder, [running(spec, { inherits: true, env: { A: '1', HOME: null } })]);
  expect((await load(folder, text))[0]?.env).toEqual({ A: '1' });
});

test('takes every text as it is', async () => {
  const { folder, spec } = scene();
  // What a command line can say: characters, but no NUL.
  const text = fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '$',
          '{',
          '}',
          ':',
          '#',
          ' ',
          '-',
          '"',
          "'",
          '\n',
          '~',
          'y',
          '0',
          '.',
          '\u0085',
          '\u2028',
          '\ufeff',
        ),
      }),
    )
    .filter((value) => !value.includes('\0'));
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 4 }), text, async (args, value) => {
      const changed = { ...spec, args, env: { A: value, B: args[0] ?? '' } };
      const [loaded] = await load(folder, runningConfig(folder, [running(changed)]));
      expect(loaded).toEqual(JSON.parse(JSON.stringify(changed)));
    }),
    { numRuns: 150 },
  );
});
