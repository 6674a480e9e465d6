// CLI: what `start SCRIPT` is told, as scripts.json notes it.

import { existsSync, statSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { definedOf } from '../platform/defined-env.ts';
import type { ScriptStart } from '../protocol/script-starts.ts';
import type { Context } from './context.ts';
import { assignments, type OptionValues, size, text, texts, workerCount } from './options.ts';

/** The options of `start` that belong to a script. */
export const scriptOptions = {
  name: text('--name <name>', "a script's name as an app; default: that of its file, without the extension"),
  cwd: text('--cwd <path>', "a script's working directory; default: this one"),
  workers: workerCount('--workers <count>', 'how many processes run a script: 4, max, max-1 or 50%; default: 1'),
  nodeArgs: texts('--node-args <args>', 'options of Node for a script; may be given more than once'),
  env: assignments('--env <name=value>', 'a variable for a script; may be given more than once'),
  stdout: text('--stdout <file>', 'where a script prints to; default: logs/NAME.out.log; /dev/null: nowhere'),
  stderr: text('--stderr <file>', 'the same for its stderr; default: logs/NAME.err.log'),
  maxLogSize: size('--max-log-size <size>', 'rotate these files when they are larger; default: 10M'),
};

export type ScriptOptions = OptionValues<typeof scriptOptions>;

/** The flag of an option that was given; null: none was. */
export function givenOption(options: ScriptOptions): string | null {
  const values = new Map<string, unknown>(Object.entries(options));
  const given = Object.entries(scriptOptions).find(([key]) => {
    const value = values.get(key) ?? null;
    return typeof value !== 'object' || Object.keys(value ?? {}).length > 0;
  });
  return given?.[1].flags.split(' ')[0] ?? null;
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
  const { workers, nodeArgs, stdout, stderr, maxLogSize } = options;
  const cwd = requireFolder(here, options.cwd);
  const found = requireScript(here, script, cwd);
  const name = options.name === null ? defaultName(found) : requireName(options.name);
  const start = {
    ...{ script: found, cwd, env: options.env, shellEnv: definedOf(env) },
    // `start SCRIPT -- ARGS`: the first -- ends our part, and is not the script's.
    args: args[0] === '--' ? args.slice(1) : args,
    nodeArgs: nodeArgs.flatMap(splitWords),
    ...(workers === null ? {} : { workers }),
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

function kindOf(path: string): 'file' | 'directory' | 'missing' {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'missing';
  return found.isDirectory() ? 'directory' : 'file';
}

function logTarget(here: string, given: string): string {
  return given === '-' || given === '/dev/null' ? given : resolve(here, given);
}

/** `--node-args "--inspect --title 'a b'"`: words as a shell would see them, with quotes but without variables. */
function splitWords(text: string): readonly string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+|["']/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
