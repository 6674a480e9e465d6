// What `evenkeel start SCRIPT` was told, for folders without a config: `.evenkeel/scripts.json`, private to the user. The
// CLI writes it; the config loader reads it where a folder has no config of the user's, and from there on it is a config
// like any other.

import { isRecord } from '../core/is-record.ts';

export const SCRIPT_READY = ['listening', 'message', 'delay'] as const;
export type ScriptReady = (typeof SCRIPT_READY)[number];

/** One app, as the command line and the shell of its start had it. Paths are absolute, symlinks unresolved. */
export interface ScriptStart {
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly nodeArgs: readonly string[];
  /** As a config writes them; absent: the config's default. */
  readonly workers?: string | number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly maxLogSize?: string | number;
  readonly ready?: ScriptReady;
  /** Named with --env. */
  readonly env: Readonly<Record<string, string>>;
  /** The environment of the shell in which it was started. */
  readonly shellEnv: Readonly<Record<string, string>>;
}

export interface ScriptStarts {
  readonly apps: Readonly<Record<string, ScriptStart>>;
}

export const NO_SCRIPTS: ScriptStarts = { apps: {} };

/** Relative to the folder in which the scripts were started. */
export const SCRIPTS_FILE = '.evenkeel/scripts.json';

/** It holds the environment of every app. */
export const MAX_SCRIPTS_BYTES = 16 * 1024 * 1024;

/** `folder`, `file`: absolute. */
export function scriptsFileOf(folder: string): string {
  return `${folder === '/' ? '' : folder}/${SCRIPTS_FILE}`;
}

/** The folder that a scripts.json is about; null: the file is none. */
export function folderOfScripts(file: string): string | null {
  if (!file.endsWith(`/${SCRIPTS_FILE}`)) return null;
  return file.slice(0, -(SCRIPTS_FILE.length + 1)) || '/';
}

/** `data`: what the state file holds. null: it is not what this version writes. */
export function decodeScriptStarts(data: unknown): ScriptStarts | null {
  if (!isRecord(data) || !isRecord(data.apps)) return null;
  const apps: [string, ScriptStart][] = [];
  for (const [name, start] of Object.entries(data.apps)) {
    if (!isScriptStart(start)) return null;
    apps.push([name, start]);
  }
  return { apps: Object.fromEntries(apps) };
}

function isScriptStart(value: unknown): value is ScriptStart {
  if (!isRecord(value)) return false;
  const { script, cwd, args, nodeArgs, workers, stdout, stderr, maxLogSize, ready, env, shellEnv } = value;
  return (
    isText(script) &&
    isText(cwd) &&
    [args, nodeArgs].every((list) => Array.isArray(list) && list.every(isText)) &&
    [stdout, stderr].every((target) => target === undefined || isText(target)) &&
    [workers, maxLogSize].every((amount) => amount === undefined || isText(amount) || typeof amount === 'number') &&
    [undefined, ...SCRIPT_READY].some((way) => way === ready) &&
    [env, shellEnv].every((variables) => isRecord(variables) && Object.values(variables).every(isText))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
