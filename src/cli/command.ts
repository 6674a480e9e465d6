// CLI: a command as data: what it takes, does and says of itself. The parser, the help and the tests read the same thing.
// Its name and summary are in the catalog, which is all that is loaded of a command that does not run.

import type { Context } from './context.ts';
import { decodeOptions, type OptionTable, type OptionValues } from './options.ts';

/** One document on stdout: as JSON with --json, else as text. */
export interface ResultOutcome {
  readonly kind: 'result';
  readonly exit: number;
  readonly document: unknown;
  /** Ends with a line feed unless it is empty. */
  readonly text: string;
  /** For stderr, below it; not with --json. */
  readonly errorText?: string;
}

/** The command has written what it had to say. */
export interface StreamedOutcome {
  readonly kind: 'streamed';
  readonly exit: number;
}

export type Outcome = ResultOutcome | StreamedOutcome;

export interface Example {
  readonly line: string;
  readonly does: string;
}

interface CommandInfo {
  /** In commander's syntax: `<app>` is required, `[app...]` takes any number. */
  readonly arguments: readonly { readonly syntax: string; readonly description: string }[];
  /** What follows the command's name in its help; default: what options and arguments say. */
  readonly usage?: string;
  /**
   * From the first argument on for which this is true, nothing is ours: what follows it is passed to `run` as it was
   * written, also what looks like one of our options.
   */
  readonly ownsTheRest?: (argument: string) => boolean;
  /** What the summary does not say; lines of at most 90 characters. */
  readonly details: string;
  readonly examples: readonly Example[];
}

export interface CommandDefinition extends CommandInfo {
  readonly options: OptionTable;
  run(context: Context, args: readonly string[], rawOptions: Readonly<Record<string, unknown>>): Promise<Outcome>;
}

interface TypedDefinition<T extends OptionTable> extends CommandInfo {
  readonly options: T;
  readonly run: (context: Context, args: readonly string[], options: OptionValues<T>) => Promise<Outcome>;
}

/** Gives `run` its options decoded, with the types that the option table says. */
export function defineCommand<const T extends OptionTable>(definition: TypedDefinition<T>): CommandDefinition {
  return {
    ...definition,
    run: async (context, args, raw) => definition.run(context, args, decodeOptions(definition.options, raw)),
  };
}
