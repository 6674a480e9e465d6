// Makes the spec of one app from its valid and complete config: everything absolute, in numbers. (config loader)

import { resolve } from 'node:path';
import { isRecord } from '../core/is-record.ts';
import type { AppSpec, DeploySpec, HealthSpec, Hook, LogSpec, LogTarget, RestartSpec } from '../core/spec.ts';
import { type AppValues, textOrNumber } from './app-values.ts';
import { normalizeReady } from './normalize-ready.ts';
import { parseAddress } from './parse-address.ts';
import { parseWorkers } from './parse-workers.ts';
import { type EnvSources, resolveEnv } from './resolve-env.ts';

export interface NormalizeContext extends EnvSources {
  /** CPUs that may be used. */
  readonly cpus: number;
}

export function normalizeApp(name: string, app: AppValues, context: NormalizeContext): AppSpec {
  const cwd = resolve(context.folder, app.text('cwd'));
  const script = app.optionalText('script');
  const command = app.texts('command');
  const listen = app.items('listen').flatMap(([, item]) => parseAddress(textOrNumber('listen', item), cwd) ?? []);
  return {
    name,
    script: script === null ? null : resolve(cwd, script),
    command: command.length === 0 ? null : command,
    args: app.texts('args'),
    node: { bin: app.text('node.bin'), args: app.texts('node.args') },
    cwd,
    workers: parseWorkers(textOrNumber('workers', app.get('workers')), context.cpus) ?? 1,
    env: resolveEnv(app, context),
    listen,
    balance: app.choice('balance', ['shared', 'round-robin']),
    ready: normalizeReady(app, listen, context.report),
    health: normalizeHealth(app, context),
    stop: { signal: app.text('stop.signal'), timeout: app.duration('stop.timeout') },
    restart: normalizeRestart(app),
    deploy: normalizeDeploy(app, context.folder),
    hooks: { beforeFork: normalizeHooks(app, 'hooks.beforeFork', context.folder) },
    logs: normalizeLogs(name, app, context.folder),
    user: app.get('user') === null ? null : String(textOrNumber('user', app.get('user'))),
    dependsOn: [...new Set(app.texts('dependsOn'))],
  };
}

function normalizeHealth(app: AppValues, { report }: NormalizeContext): HealthSpec | null {
  if (app.get('health') === null) return null;
  const http = app.optionalText('health.http');
  if (!app.has('health.http')) {
    report(['health'], 'the key "http" is missing', { hint: 'such as http: /healthz', at: 'key' });
  }
  return {
    http: http ?? '/',
    interval: app.duration('health.interval'),
    timeout: app.duration('health.timeout'),
    failures: app.number('health.failures'),
  };
}

function normalizeRestart(app: AppValues): RestartSpec {
  return {
    minDelay: app.duration('restart.minDelay'),
    maxDelay: app.duration('restart.maxDelay'),
    resetAfter: app.duration('restart.resetAfter'),
    limit: app.number('restart.limit'),
    onUncaught: app.choice('restart.onUncaught', ['exit', 'replace']),
    memory: app.optionalSize('restart.memory'),
    schedule: app.optionalText('restart.schedule'),
  };
}

function normalizeDeploy(app: AppValues, folder: string): DeploySpec {
  return {
    strategy: app.choice('deploy.strategy', ['all-at-once', 'rolling', 'handover', 'replace']),
    batch: app.number('deploy.batch'),
    settle: app.duration('deploy.settle'),
    timeout: app.duration('deploy.timeout'),
    before: normalizeHooks(app, 'deploy.before', folder),
    after: normalizeHooks(app, 'deploy.after', folder),
  };
}

function normalizeHooks(app: AppValues, key: string, folder: string): readonly Hook[] {
  return app.items(key).flatMap(([, hook]) => normalizeHook(hook, folder) ?? []);
}

/** null: it was wrong, and reported. */
export function normalizeHook(hook: unknown, folder: string): Hook | null {
  if (isRecord(hook))
    return typeof hook.module === 'string' ? { kind: 'module', file: resolve(folder, hook.module) } : null;
  const argv = Array.isArray(hook) ? hook.filter((item) => typeof item === 'string') : [];
  return argv.length === 0 ? null : { kind: 'command', argv };
}

function normalizeLogs(name: string, app: AppValues, folder: string): LogSpec {
  const target = (stream: 'stdout' | 'stderr', fallback: string): LogTarget => {
    const value = app.get(`logs.${stream}`);
    if (value === null || value === '/dev/null') return { kind: 'off' };
    if (value === '-') return { kind: 'inherit' };
    return { kind: 'file', path: resolve(folder, value === undefined ? fallback : app.text(`logs.${stream}`)) };
  };
  return {
    stdout: target('stdout', `logs/${name}.out.log`),
    stderr: target('stderr', `logs/${name}.err.log`),
    maxSize: app.optionalSize('logs.maxSize'),
    schedule: app.optionalText('logs.schedule'),
    keep: app.number('logs.keep'),
    compress: app.flag('logs.compress'),
    timestamps: app.flag('logs.timestamps'),
    onSlow: app.choice('logs.onSlow', ['wait', 'drop']),
  };
}
