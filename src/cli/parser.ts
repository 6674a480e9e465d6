// CLI: reads the command line with commander. Writes nothing and ends nothing: it says what is to be run or shown.

import { Command, CommanderError, Option } from 'commander';
import { nearest } from '../config/did-you-mean.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { CatalogEntry } from './catalog.ts';
import type { CommandDefinition } from './command.ts';
import type { GlobalOptions } from './context.ts';
import { hintForCommand, hintForNames, optionFor } from './other-names.ts';
import { nextOperand, splitArguments } from './split-arguments.ts';

export type Parsed =
  | {
      readonly kind: 'run';
      readonly command: CommandDefinition;
      readonly args: readonly string[];
      readonly options: Readonly<Record<string, unknown>>;
      readonly globals: GlobalOptions;
    }
  /** Help or version. `asked` false: nothing was given that could be run. `document`: what it is as JSON. */
  | { readonly kind: 'show'; readonly text: string; readonly asked: boolean; readonly document: unknown };

export interface ParserRules {
  readonly catalog: readonly CatalogEntry[];
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Width of help texts. */
  readonly columns: number;
}

const FOOTER = `
Exit codes: 0 done, 1 failed, 2 bad usage or config, 3 no manager is running, 4 timed out, 130 interrupted after a
clean abort. A deploy or reload that failed has left what ran; an app whose start failed goes on trying until it is stopped.
With --json, stdout gets one JSON document (events, logs and status --watch: one per line) and an error is
{"error": {code, message, hint}} on stderr. The schemas are in the package's folder "schemas".`;

/** `args`: without the paths of node and the program. Throws BAD_USAGE. */
export async function parseArguments(args: readonly string[], rules: ParserRules): Promise<Parsed> {
  let shown = '';
  let parsed: Parsed | null = null;
  const { ours, rest } = await splitArguments(args, rules.catalog, GLOBAL_FLAGS);
  const program = createProgram(rules, (text) => {
    shown += text;
  });
  program.hook('preSubcommand', async (_program, subcommand) => {
    const found = rules.catalog.find((entry) => entry.name === subcommand.name());
    if (found === undefined) return;
    const definition = await found.load();
    configure(subcommand, found, definition).action(() => {
      const globals = globalsOf(program.opts(), rules.env);
      const own = { args: [...subcommand.args, ...rest], options: subcommand.opts() };
      parsed = { kind: 'run', command: definition, ...own, globals };
    });
  });
  addHelpCommand(program, rules.catalog);
  try {
    await program.parseAsync(ours, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const asked = error.exitCode === 0;
    refuseUnknown(error, args, program);
    if (asked || error.code === 'commander.help') {
      const isVersion = error.code === 'commander.version';
      return { kind: 'show', text: shown, asked, document: isVersion ? { version: rules.version } : null };
    }
    throw usageError(error, guessOf(error, args, program), commandIn(args, program)?.name() ?? null);
  }
  return parsed ?? { kind: 'show', text: shown, asked: true, document: null };
}

/** In commander's syntax, with what they say of themselves. */
const GLOBAL_OPTIONS = [
  ['-c, --config <file>', 'the config file; default: $EVENKEEL_CONFIG, else searched upwards from here'],
  ['--profile <name>', 'apply a profile of the config'],
  ['--json', 'write results as JSON'],
  ['-q, --quiet', 'write no progress, and nothing of a change that went well'],
  ['--no-color', 'write without colours (as NO_COLOR does)'],
] as const;

const GLOBAL_FLAGS = GLOBAL_OPTIONS.map(([flags]) => flags);

function createProgram({ catalog, version, columns }: ParserRules, show: (text: string) => void): Command {
  const program = new Command('evenkeel');
  for (const [flags, description] of GLOBAL_OPTIONS) program.option(flags, description);
  program
    .description('Keeps the apps of one config file running, and deploys them without losing a request.')
    .usage('[options] <command>')
    .helpOption('-h, --help', 'show help')
    .version(version, '-V, --version', 'show the version of evenkeel')
    .helpCommand(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: show,
      writeErr: show,
      outputError: () => {},
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', FOOTER);
  for (const { name, aliases, summary } of catalog) {
    program.command(name).summary(summary).description(summary).aliases(aliases);
  }
  return program;
}

function configure(subcommand: Command, { summary }: CatalogEntry, definition: CommandDefinition): Command {
  subcommand.description(`${capitalize(summary)}.\n\n${definition.details}`);
  if (definition.usage !== undefined) subcommand.usage(definition.usage);
  for (const { syntax, description } of definition.arguments) subcommand.argument(syntax, description);
  for (const { flags, description, repeatable } of Object.values(definition.options)) {
    const option = new Option(flags, description);
    if (repeatable) option.argParser((value, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
    subcommand.addOption(option);
  }
  const width = Math.max(...definition.examples.map(({ line }) => line.length));
  const examples = definition.examples.map(({ line, does }) => `  ${line.padEnd(width)}  ${does}`);
  return subcommand.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
}

/** Its own command instead of commander's, whose help would not know of what is loaded later. */
function addHelpCommand(program: Command, catalog: readonly CatalogEntry[]): void {
  const help = program.command('help').summary('show help for a command').description('Show help for a command.');
  help.argument('[command]', 'its name').addHelpText('after', '\nExamples:\n  evenkeel help deploy');
  help.action(async (name: string | undefined) => {
    if (name === undefined) return program.outputHelp();
    const found = catalog.find((entry) => entry.name === name || entry.aliases.includes(name));
    const subcommand = program.commands.find((known) => known.name() === (found?.name ?? name));
    if (subcommand === undefined) {
      throw new EvenkeelError('BAD_USAGE', `unknown command '${name}'`, {
        hint: '`evenkeel help` lists the commands.',
      });
    }
    if (found !== undefined) configure(subcommand, found, await found.load());
    subcommand.outputHelp();
  });
}

function globalsOf(options: Readonly<Record<string, unknown>>, env: ParserRules['env']): GlobalOptions {
  const fromEnv = env.EVENKEEL_CONFIG ?? '';
  return {
    config: typeof options.config === 'string' ? options.config : fromEnv === '' ? null : fromEnv,
    profile: typeof options.profile === 'string' ? options.profile : null,
    json: options.json === true,
    color: options.color !== false,
    quiet: options.quiet === true || options.json === true,
  };
}

/** The word that was perhaps meant by the one that is unknown. Commander's own guesses are wilder: `logs` for `bogus`. */
function meantBy(error: CommanderError, args: readonly string[], program: Command): string | null {
  const [, word = ''] = /'([^']*)'/.exec(error.message) ?? [];
  switch (error.code) {
    case 'commander.unknownCommand':
      return nearest(
        word,
        program.commands.flatMap((known) => [known.name(), ...known.aliases()]),
      );
    case 'commander.unknownOption': {
      const command = commandIn(args, program);
      const options = [...program.options, ...(command?.options ?? [])];
      const shorts = [...options.flatMap(({ short }) => short ?? []), '-h'];
      const longs = [...options.flatMap(({ long }) => long ?? []), '--help'];
      const otherCase = shorts.find((short) => short.toLowerCase() === word.toLowerCase());
      const [name = ''] = word.split('=');
      return optionFor(name, longs) ?? otherCase ?? nearest(name, longs);
    }
    default:
      return null;
  }
}

/** The word where a command belongs; undefined: there is none. */
function firstWord(args: readonly string[]): string | undefined {
  return args[nextOperand(args, 0, GLOBAL_FLAGS)];
}

function commandIn(args: readonly string[], program: Command): Command | undefined {
  const word = firstWord(args) ?? '';
  return program.commands.find((known) => known.name() === word || known.aliases().includes(word));
}

/** Commander shows the overview for `nope --help`. */
function refuseUnknown({ code }: CommanderError, args: readonly string[], program: Command): void {
  const word = firstWord(args);
  if (code !== 'commander.helpDisplayed' || word === undefined || commandIn(args, program) !== undefined) return;
  const unknown = new CommanderError(1, 'commander.unknownCommand', `unknown command '${word}'`);
  throw usageError(unknown, guessOf(unknown, args, program), null);
}

/** The first operand of the command; the empty text where there is none. */
function firstOperand(args: readonly string[], program: Command): string {
  const options = [...program.options, ...(commandIn(args, program)?.options ?? [])];
  const flags = options.map((option) => option.flags);
  return args[nextOperand(args, nextOperand(args, 0, GLOBAL_FLAGS) + 1, flags)] ?? '';
}

/** A sentence; null: nothing comes to mind. */
function guessOf(error: CommanderError, args: readonly string[], program: Command): string | null {
  const word = firstWord(args) ?? '';
  const habit =
    error.code === 'commander.unknownCommand'
      ? hintForCommand(word)
      : error.code === 'commander.excessArguments'
        ? hintForNames(word, firstOperand(args, program))
        : null;
  if (habit !== null) return habit;
  const meant = meantBy(error, args, program);
  return meant === null ? null : `Did you mean ${meant}?`;
}

function usageError(error: CommanderError, guess: string | null, command: string | null): EvenkeelError {
  const [message = ''] = error.message.replace(/^error: /, '').split('\n');
  const help =
    command === null
      ? '`evenkeel help` lists the commands, `evenkeel help COMMAND` their options.'
      : `\`evenkeel help ${command}\` shows what it takes.`;
  const hint = guess === null ? help : `${guess} ${help}`;
  return new EvenkeelError('BAD_USAGE', message, { hint });
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
