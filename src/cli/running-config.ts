// CLI, pure: the config that describes apps which were started without one, for `evenkeel init --from-running`.

import { isAbsolute, relative } from 'node:path';
import type { AppSpec, LogTarget } from '../core/spec.ts';

export interface RunningApp {
  readonly spec: AppSpec;
  /** As it was said: "max" stays "max". */
  readonly workers: string | number;
  readonly maxLogSize: string | number | null;
  /** What the config is to say; null: a variable that is removed. */
  readonly env: Readonly<Record<string, string | null>>;
  /** Whether the rest comes from the shell that starts the manager. */
  readonly inherits: boolean;
}

/** `folder`: that of the config, absolute. */
export function runningConfig(folder: string, apps: readonly RunningApp[]): string {
  return [...HEAD, 'apps:', ...apps.flatMap((app) => appLines(folder, app))].map((line) => `${line}\n`).join('');
}

const HEAD = [
  '# What ran here without a config when `evenkeel init --from-running` wrote this. `evenkeel plan` compares the two,',
  '# `evenkeel reload` goes by this file from then on. Commit it to the repository, once it has no secret in it.',
  '# yaml-language-server: $schema=node_modules/evenkeel/schemas/evenkeel.schema.json',
  '',
];

function appLines(folder: string, { spec, workers, maxLogSize, env, inherits }: RunningApp): readonly string[] {
  const { name, args, node, cwd, ready, logs } = spec;
  const script = spec.script === null ? null : from(cwd, spec.script);
  const targets = (['stdout', 'stderr'] as const).flatMap((stream) => logLine(folder, name, stream, logs[stream]));
  const size = maxLogSize === null ? [] : [`maxSize: ${text(maxLogSize)}`];
  const logLines = [...targets, ...size];
  const variables = Object.entries(env).map(
    ([key, value]) => `      ${text(key)}: ${value === null ? 'null' : text(value)}`,
  );
  return [
    `  ${text(name)}:`,
    ...(script === null ? [] : [`    script: ${text(script)}`]),
    ...(args.length === 0 ? [] : [`    args: ${list(args)}`]),
    ...(node.args.length === 0 ? [] : ['    node:', `      args: ${list(node.args)}`]),
    ...(cwd === folder ? [] : [`    cwd: ${text(from(folder, cwd))}`]),
    `    workers: ${text(workers)}`,
    // As `start --ready` says it.
    ...(ready.on === 'message' || ready.on === 'delay' ? [`    ready: { on: ${ready.on} }`] : []),
    ...(inherits ? INHERITED : ['    inheritEnv: false # all that it has is below']),
    ...(variables.length === 0 ? [] : ['    env:', ...variables]),
    ...(logLines.length === 0 ? [] : ['    logs:', ...logLines.map((line) => `      ${line}`)]),
  ];
}

const INHERITED = [
  '    # Whatever the shell has that starts the manager. Better name what the app needs: [PATH, HOME, DB_URL]',
  '    inheritEnv: true',
];

/** Nothing for the place where a log is anyway. */
function logLine(folder: string, app: string, stream: 'stdout' | 'stderr', target: LogTarget): readonly string[] {
  switch (target.kind) {
    case 'off':
      return [`${stream}: null`];
    case 'inherit':
      return [`${stream}: "-"`];
    case 'file': {
      const path = from(folder, target.path);
      const usual = `logs/${app}.${stream === 'stdout' ? 'out' : 'err'}.log`;
      return path === usual ? [] : [`${stream}: ${text(path)}`];
    }
  }
}

/** Relative where the path lies in the folder. */
function from(folder: string, path: string): string {
  const inside = relative(folder, path);
  if (inside === '') return '.';
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
}

function list(items: readonly string[]): string {
  return `[${items.map(text).join(', ')}]`;
}

/** A YAML scalar that is this very text, also after variables are filled in; or a number. */
function text(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const verbatim = value.replaceAll('$', '$$$$');
  if (/^[A-Za-z./][\w./-]*$/.test(verbatim) && !/^(true|false|null|yes|no|on|off|y|n|\.\w+)$/i.test(verbatim))
    return verbatim;
  // JSON is YAML, but for characters that YAML wants escaped.
  return JSON.stringify(verbatim).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
