// CLI: one run from the command line to the exit code. Never throws for an expected failure and never ends the process.

import { EvenkeelError, EXIT, toErrorBody } from '../core/errors.ts';
import { packageVersion } from '../platform/entry-points.ts';
import { CATALOG } from './catalog.ts';
import type { Outcome } from './command.ts';
import type { Context, GlobalOptions, Surroundings } from './context.ts';
import { createOutput } from './output.ts';
import { type Parsed, parseArguments } from './parser.ts';

/** Gives the exit code. `args`: without the paths of node and the program. */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let globals = guessGlobals(args);
  try {
    const parsed = await parse(args, surroundings);
    if (parsed.kind === 'show') return show(parsed, surroundings, globals);
    globals = parsed.globals;
    const context = createContext(surroundings, globals);
    const outcome = await parsed.command.run(context, parsed.args, parsed.options);
    surroundings.settle(outcome.exit);
    print(context, outcome);
    return outcome.exit;
  } catch (error) {
    const code = error instanceof EvenkeelError ? error.exitCode : EXIT.failed;
    surroundings.settle(code);
    await report(createContext(surroundings, globals), error);
    return code;
  }
}

/** What was asked for has been done, or not, as `code` says, but nobody can read it. Gives the exit code. */
export async function reportUnwritten(
  args: readonly string[],
  surroundings: Surroundings,
  cause: Error,
  code: number,
): Promise<number> {
  const what = code === EXIT.done ? 'what was asked for is done' : 'the command is over';
  const error = new EvenkeelError('SYSTEM_ERROR', `${what}, but stdout could not be written: ${cause.message}`, {
    hint: '`evenkeel status` and `evenkeel events` tell what was done.',
    cause,
  });
  const end = code === EXIT.done ? error.exitCode : code;
  surroundings.settle(end);
  await report(createContext(surroundings, guessGlobals(args)), error);
  return end;
}

function show(
  { text, asked, document }: Extract<Parsed, { readonly kind: 'show' }>,
  { stdout, stderr }: Surroundings,
  { json }: GlobalOptions,
): number {
  if (json && !asked) {
    throw new EvenkeelError('BAD_USAGE', 'no command is given', { hint: '`evenkeel help` lists the commands.' });
  }
  const isJson = json && document !== null;
  (asked ? stdout : stderr).write(isJson ? `${JSON.stringify(document, null, 2)}\n` : text);
  return asked ? EXIT.done : EXIT.usage;
}

function parse(args: readonly string[], { env, stdout }: Surroundings): Promise<Parsed> {
  const columns = Math.min(stdout.columns ?? 100, 100);
  return parseArguments(args, { catalog: CATALOG, version: packageVersion(), env, columns });
}

/** For errors of the command line itself, which end the parser before it knows them all. */
function guessGlobals(args: readonly string[]): GlobalOptions {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const json = own.includes('--json');
  const quiet = json || own.includes('--quiet') || own.includes('-q');
  return { config: null, profile: null, json, color: !own.includes('--no-color'), quiet };
}

function createContext(surroundings: Surroundings, globals: GlobalOptions): Context {
  const { stdout, stderr, settle: _, ...rest } = surroundings;
  const rules = { color: globals.color, env: surroundings.env };
  return { ...rest, globals, out: createOutput(stdout, rules), err: createOutput(stderr, rules) };
}

function print({ globals, out, err }: Context, outcome: Outcome): void {
  if (outcome.kind === 'streamed') return;
  if (globals.json) return out.write(`${JSON.stringify(outcome.document, null, 2)}\n`);
  out.write(outcome.text);
  err.write(outcome.errorText ?? '');
}

async function report({ globals, err, cwd }: Context, error: unknown): Promise<void> {
  const body = toErrorBody(error);
  if (globals.json) {
    err.write(`${JSON.stringify({ error: body }, null, 2)}\n`);
    return;
  }
  const { describeError } = await import('./describe-error.ts');
  err.write(describeError(body, cwd, err.style));
  // A bug: there is no log of the CLI that could keep the stack.
  if (!(error instanceof EvenkeelError) && error instanceof Error) err.write(`${error.stack ?? ''}\n`);
}
