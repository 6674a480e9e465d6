// A resolved app as the loader would print it, for tests that need one; every key can be overridden.

import type { AppSpec } from '../../src/core/spec.ts';

export function appSpec(overrides: Partial<AppSpec> = {}): AppSpec {
  return {
    ...{ name: 'web', script: '/srv/web/server.js', command: null, args: [], node: { bin: 'node', args: [] } },
    ...{ cwd: '/srv/web', workers: 2, env: {}, listen: [], balance: 'shared', user: null, dependsOn: [], health: null },
    ready: { on: 'listening', timeout: 30_000 },
    stop: { signal: 'SIGTERM', timeout: 30_000 },
    restart: {
      ...{ minDelay: 100, maxDelay: 30_000, resetAfter: 10_000, limit: 0 },
      ...{ onUncaught: 'exit', memory: null, schedule: null },
    },
    deploy: { strategy: 'all-at-once', batch: 1, settle: 1_000, timeout: 300_000, before: [], after: [] },
    hooks: { beforeFork: [] },
    logs: {
      ...{ stdout: { kind: 'off' }, stderr: { kind: 'off' }, maxSize: null, schedule: null },
      ...{ keep: 10, compress: true, timestamps: false, onSlow: 'wait' },
    },
    ...overrides,
  };
}
