// Stands in for the config loader and the manager: programs that say what a test wants them to.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppSpec, EcosystemSpec } from '../../../src/core/spec.ts';
import type { LoadAnswer } from '../../../src/protocol/config-loader.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A loader that gives this answer to whatever it is asked; its path. `only`: it fails where it is asked otherwise. */
export function fakeLoader(
  answer: LoadAnswer,
  only: { readonly forManager?: boolean; readonly strict?: boolean } = {},
): string {
  const isOff = `Object.entries(${JSON.stringify(only)}).some(([key, value]) => boot[key] !== value)`;
  return writeProgram(`
    const boot = JSON.parse(process.argv[2]);
    if (${isOff}) process.exit(1);
    require('node:fs').writeSync(3, ${JSON.stringify(`${JSON.stringify(answer)}\n`)});`);
}

/** A CommonJS program; its path. */
export function writeProgram(source: string): string {
  const file = join(tempDir(), 'program.cjs');
  writeFileSync(file, source);
  return file;
}

export function ecosystem(folder: string, ...apps: readonly AppSpec[]): EcosystemSpec {
  const file = join(folder, 'evenkeel.config.yaml');
  return { file, name: 'shop', stateDir: join(folder, '.evenkeel'), profile: null, deploySignal: 'SIGUSR2', apps };
}

export function appSpec(name: string, change: Partial<AppSpec> = {}): AppSpec {
  return {
    name,
    script: '/srv/shop/server.js',
    command: null,
    args: [],
    node: { bin: 'node', args: [] },
    cwd: '/srv/shop',
    workers: 1,
    env: {},
    listen: [],
    balance: 'shared',
    ready: { on: 'listening', timeout: 30_000 },
    health: null,
    stop: { signal: 'SIGTERM', timeout: 30_000 },
    restart: {
      ...{ minDelay: 100, maxDelay: 30_000, resetAfter: 10_000, limit: 0 },
      ...{ onUncaught: 'exit', memory: null, schedule: null },
    },
    deploy: { strategy: 'all-at-once', batch: 1, settle: 1000, timeout: 300_000, before: [], after: [] },
    hooks: { beforeFork: [] },
    logs: {
      ...{ stdout: { kind: 'off' }, stderr: { kind: 'off' } },
      ...{ maxSize: null, schedule: null, keep: 10, compress: true, timestamps: false, onSlow: 'wait' },
    },
    user: null,
    dependsOn: [],
    ...change,
  };
}
