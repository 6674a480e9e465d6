// The environment of an app: what it inherits, then its env file, then its `env`. (config loader)

import { resolve } from 'node:path';
import { isRecord } from '../core/is-record.ts';
import type { AppValues } from './app-values.ts';
import type { Report } from './fault.ts';
import type { Files } from './files.ts';
import type { Variables } from './interpolate.ts';
import { parseEnvFile } from './parse-env-file.ts';

export interface EnvSources {
  /** Absolute; env files and secret files are relative to it. */
  readonly folder: string;
  /** What the app may inherit. */
  readonly variables: Variables;
  readonly files: Files;
  /** Paths below the app. */
  readonly report: Report;
}

export function resolveEnv(app: AppValues, sources: EnvSources): Readonly<Record<string, string>> {
  const env = new Map([...inherited(app, sources.variables), ...fromFile(app, sources)]);
  for (const [name, value] of app.entries('env')) {
    if (value === null) env.delete(name);
    else env.set(name, resolveValue(name, value, sources));
  }
  return Object.fromEntries(env);
}

/** What says who the manager's user is; with `user`, the app has another. */
const PERSONAL = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'MAIL', 'XDG_RUNTIME_DIR'];

function inherited(app: AppValues, variables: Variables): Map<string, string> {
  const others = app.get('user') === null ? [] : PERSONAL;
  const all = app.get('inheritEnv');
  const wanted = typeof all === 'boolean' ? [] : app.texts('inheritEnv');
  const names = new Set(wanted.filter((name) => !name.endsWith('*')));
  const prefixes = wanted.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  const env = new Map<string, string>();
  for (const [name, value] of Object.entries(variables)) {
    const takes = all === true || names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
    if (takes && value !== undefined && !others.includes(name)) env.set(name, value);
  }
  return env;
}

function fromFile(app: AppValues, { folder, files, report }: EnvSources): ReadonlyMap<string, string> {
  const name = app.optionalText('envFile');
  if (name === null) return new Map();
  const file = resolve(folder, name);
  const content = files.read(file);
  if (!content.ok) {
    report(['envFile'], `the env file ${file} ${content.reason}`, { hint: content.hint });
    return new Map();
  }
  const { variables, faults } = parseEnvFile(content.text);
  for (const { line, message, hint } of faults) {
    report(['envFile'], message, { hint, place: { file, line, column: 1 } });
  }
  const broken = [...variables].find(([, value]) => value.includes('\0'));
  if (broken !== undefined) report(['envFile'], `${broken[0]} in ${file} contains a NUL character`);
  return variables;
}

function resolveValue(name: string, value: unknown, sources: EnvSources): string {
  if (isRecord(value)) return typeof value.file === 'string' ? readSecret(name, value.file, sources) : '';
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    sources.report(['env', name], 'a number of so many digits is not exact', { hint: 'put it in quotes' });
  }
  return String(value);
}

/** Its final line break is the editor's, not the secret's. */
function readSecret(name: string, path: string, { folder, files, report }: EnvSources): string {
  const file = resolve(folder, path);
  const content = files.read(file);
  const text = content.ok ? content.text.replace(/\r?\n$/, '') : '';
  const fault = content.ok ? (text === '' ? 'is empty' : null) : content.reason;
  if (fault !== null)
    report(['env', name, 'file'], `the file ${file} ${fault}`, { hint: content.ok ? null : content.hint });
  else if (text.includes('\0')) report(['env', name, 'file'], `the file ${file} contains a NUL character`);
  return text;
}
