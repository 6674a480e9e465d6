// Whoever brings a config of PM2 along is told what its keys are called here.

import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { hintForPm2Key } from '../../src/config/pm2-keys.ts';
import { readSchema } from '../../src/config/schema.ts';
import { validateConfig } from '../../src/config/validate.ts';
import { isRecord } from '../../src/core/is-record.ts';
import { problemsOf } from './resolve-text.ts';

/** All that the schema of PM2 7 has, and its other names, but for what is the same here or is for PM2 alone. */
const KEYS = `name exec instances exec_mode node_args interpreter interpreter_args exec_interpreter interpreterArgs
  source_map_support port filter_env uid gid username instance_var increment_var max_memory_restart cron_restart cron
  max_restarts min_uptime restart_delay exp_backoff_restart_delay autorestart stop_exit_codes wait_ready listen_timeout
  kill_timeout shutdown_with_message out_file out output out_log error_file error err err_file err_log log_file log
  log_date_format time merge_logs combine_logs disable_logs pid_file watch ignore_watch watch_delay watch_options namespace
  append_env_to_name autostart force vizion automation pmx treekill log_type kill_retry_time post_update trace
  disable_trace io env_production`.split(/\s+/);

const hints = KEYS.map((key) => [key, hintForPm2Key(key) ?? ''] as const);

test.each([
  ['instances: max', 'here it is `workers`'],
  ['max_memory_restart: 300M', 'here it is `restart.memory`'],
  ['kill_timeout: 3000', 'here it is `stop.timeout`'],
  ['cron_restart: "0 0 * * *"', 'here it is `restart.schedule`'],
  ['error_file: err.log', 'here it is `logs.stderr`'],
  ['wait_ready: true', 'write ready: { on: message }'],
  ['maxRestarts: 5', 'here it is `restart.limit`'],
  ['max-restarts: 5', 'here it is `restart.limit`'],
  ['env_production: {}', 'write profiles: { production: { apps: { NAME: { env: … } } } }, chosen with --profile'],
])('%s', (line, hint) => {
  for (const place of ['defaults:', 'profiles: { p: { defaults:']) {
    const close = place.includes('profiles') ? ' } }' : '';
    const [problem] = problemsOf(`${place} { ${line} }${close}\napps: { a: { script: a.js } }`);
    expect(problem).toContain(`hint: ${hint}`);
  }
  expect(problemsOf(`apps: { a: { script: a.js, ${line} } }`)[0]).toContain(`hint: ${hint}`);
});

test('elsewhere such a word is any other', () => {
  expect(problemsOf('instances: 2\napps: { a: { script: a.js } }')[0]).toContain('keys here: ');
});

describe('every key of PM2', () => {
  it.each(hints)('%s has a hint, whose keys there are', (_key, hint) => {
    expect(hint).not.toBe('');
    const named = [...hint.matchAll(/`([\w.]+)`/g)].map(([, key = '']) => key);
    expect(named.filter((key) => !keysOfApp().includes(key))).toEqual([]);
  });

  const written = hints.filter(([key, hint]) => hint.startsWith('write ') && !key.startsWith('env_'));
  it.each(written)('%s: what is to be written is valid', (_key, hint) => {
    const [, line = ''] = /^write ([^;]+)/.exec(hint) ?? [];
    expect(validateConfig(parse(`apps: { a: { script: a.js, ${line} } }`))).toEqual([]);
  });
});

test('a list of apps', () => {
  expect(problemsOf('apps: [{ name: web, script: a.js }]')).toEqual([
    expect.stringContaining('hint: write each app under its name: apps: { web:'),
  ]);
});

test('the list of all keys is there once, at the first problem that has it', () => {
  const problems = problemsOf(
    'apps:\n  a: { script: a.js, qqqqq: 1, xxxxx: 1, stop: { qqqqq: 1 } }\n  b: { script: b.js, qqqqq: 1 }',
  );
  const lists = problems.map((problem) => /keys here: (\w+)/.exec(problem)?.[1] ?? null);
  expect(lists).toEqual(['script', null, 'signal', null]);
});

function keysOfApp(): readonly string[] {
  const definitions = readSchema().definitions;
  return isRecord(definitions) ? keysBelow(definitions.app, '') : [];
}

function keysBelow(part: unknown, prefix: string): readonly string[] {
  const properties = isRecord(part) && isRecord(part.properties) ? part.properties : {};
  return Object.entries(properties).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...keysBelow(inner, `${prefix}${key}.`),
  ]);
}
