// A complete spec for tests, with the defaults of the schema; each test names only what it is about.

import type { AppSpec, EcosystemSpec } from '../../src/core/spec.ts';

export function appSpec(change: Partial<AppSpec> = {}): AppSpec {
  return {
    name: 'web',
    script: '/srv/app.js',
    command: null,
    args: [],
    node: { bin: 'node', args: [] },
    cwd: '/srv',
    workers: 2,
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
      ...{ stdout: { kind: 'off' }, stderr: { kind: 'off' }, maxSize: 10 * 1024 ** 2, schedule: null },
      ...{ keep: 10, compress: true, timestamps: false, onSlow: 'wait' },
    },
    user: null,
    dependsOn: [],
    ...change,
  };
}

export function ecosystemSpec(stateDir: string, apps: readonly AppSpec[]): EcosystemSpec {
  return { file: '/srv/evenkeel.config.yaml', name: 'shop', stateDir, profile: null, deploySignal: 'SIGUSR2', apps };
}
