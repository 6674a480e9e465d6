// CLI: what `start SCRIPT` is told, as scripts.json notes it.

import { existsSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { definedOf } from '../platform/defined-env.ts';
import type { ScriptReady, ScriptStart } from '../protocol/script-starts.ts';
import type { Context } from './context.ts';
import { kindOf } from './given-path.ts';

/** The options of `start` that belong to a script. */
export interface ScriptOptions {
  readonly name: string | null;
  readonly cwd: string | null;
  readonly workers: number | string | null;
  readonly nodeArgs: readonly string[];
  readonly ready: ScriptReady | null;
  readonly env: Readonly<Record<string, string>>;
  readonly stdout: string | null;
  readonly stderr: string | null;
  readonly maxLogSize: number | null;
}

export interface NamedStart {
  readonly name: string;
  readonly start: ScriptStart;
}

/** `args`: all that follows the script. Paths are meant as seen from where the command is given. Throws BAD_USAGE. */
export function namedStart(
  { cwd: here, env }: Pick<Context, 'cwd' | 'env'>,
  script: string,
  args: readonly string[],
  options: ScriptOptions,
): NamedStart {
  const { workers, nodeArgs, ready, stdout, stderr, maxLogSize } = options;
  const given = options.name === null ? null : requireName(options.name);
  const cwd = requireFolder(here, options.cwd);
  const found = requireScript(here, script, cwd);
  const name = given ?? defaultName(found);
  const start = {
    ...{ script: found, cwd, env: options.env, shellEnv: definedOf(env) },
    // `start SCRIPT -- ARGS`: the first -- ends our part, and is not the script's.
    args: args[0] === '--' ? args.slice(1) : args,
    nodeArgs: nodeArgs.flatMap(splitWords),
    ...(workers === null ? {} : { workers }),
    ...(ready === null ? {} : { ready }),
    ...(stdout === null ? {} : { stdout: logTarget(here, stdout) }),
    ...(stderr === null ? {} : { stderr: logTarget(here, stderr) }),
    ...(maxLogSize === null ? {} : { maxLogSize }),
  };
  return { name, start };
}

/** `dist/server.js` is "server". A name has no dot: with one it would be a script (DESIGN: `start web`, `start web.js`). */
function defaultName(script: string): string {
  const plain = basename(script).replace(/\.[cm]?[jt]s$/, '');
  const name = plain.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  if (name !== '') return name.slice(0, 64);
  throw new EvenkeelError('BAD_USAGE', `"${script}" gives no name for an app`, { hint: 'Say --name NAME.' });
}

function requireName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) return name;
  throw new EvenkeelError('BAD_USAGE', `option '--name': "${name}" is not a name for an app that a command starts`, {
    hint: 'Use letters, digits, "_" and "-", at most 64, and begin with a letter or a digit.',
  });
}

function requireFolder(here: string, given: string | null): string {
  const cwd = resolve(here, given ?? '.');
  if (kindOf(cwd) === 'directory') return cwd;
  throw new EvenkeelError('BAD_USAGE', `option '--cwd': there is no directory ${cwd}`);
}

/** As Node does, it finds a script whose extension was left out. */
function requireScript(here: string, given: string, cwd: string): string {
  const script = resolve(here, given);
  if (isOfPm2(basename(script))) {
    throw new EvenkeelError('BAD_USAGE', `${basename(script)} is a config of PM2, and not a script`, {
      hint: '`evenkeel init` writes a config; docs/from-pm2.md of the package says what becomes of each key.',
    });
  }
  if (['', '.js', '.cjs', '.mjs'].some((extension) => kindOf(script + extension) === 'file')) return script;
  if (kindOf(script) === 'directory') {
    throw new EvenkeelError('BAD_USAGE', `${script} is a directory`, { hint: 'Name the file in it that is to run.' });
  }
  const inCwd = resolve(cwd, given);
  const meant = existsSync(inCwd) ? ` There is ${relative(here, inCwd)}.` : '';
  throw new EvenkeelError('BAD_USAGE', `the script ${script} does not exist`, {
    hint: `A script is looked for from where you are, also with --cwd.${meant}`,
  });
}

function isOfPm2(file: string): boolean {
  return /^(ecosystem|pm2)(\.[\w-]+)*\.([cm]?js|json|ya?ml)$/.test(file);
}

function logTarget(here: string, given: string): string {
  return given === '-' || given === '/dev/null' ? given : resolve(here, given);
}

/** `--node-args "--inspect --title 'a b'"`: words as a shell would see them, with quotes but without variables. */
function splitWords(text: string): readonly string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+|["']/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
