// CLI: tells our arguments from those that belong to a script, which follow it and may look like options of ours.
// Commander could do so only by not taking our global options behind the name of a command any more.

import type { CatalogEntry } from './catalog.ts';

export interface SplitArguments {
  readonly ours: readonly string[];
  /** As they were written. */
  readonly rest: readonly string[];
}

/** `globals`: the flags of the global options, in commander's syntax. */
export async function splitArguments(
  args: readonly string[],
  catalog: readonly CatalogEntry[],
  globals: readonly string[],
): Promise<SplitArguments> {
  const whole = { ours: args, rest: [] };
  const at = nextOperand(args, 0, globals);
  const name = args[at];
  const entry = catalog.find((known) => name !== undefined && [known.name, ...known.aliases].includes(name));
  const definition = await entry?.load();
  if (definition?.ownsTheRest === undefined) return whole;
  const flags = [...globals, ...Object.values(definition.options).map((option) => option.flags)];
  for (let index = nextOperand(args, at + 1, flags); index < args.length; ) {
    const argument = args[index] ?? '';
    if (definition.ownsTheRest(argument)) return { ours: args.slice(0, index + 1), rest: args.slice(index + 1) };
    index = nextOperand(args, index + 1, flags);
  }
  return whole;
}

/** The index of the next argument that is neither an option nor the value of one; the length where there is none. */
export function nextOperand(args: readonly string[], from: number, flags: readonly string[]): number {
  for (let index = from; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '--') return index + 1;
    if (!argument.startsWith('-') || argument === '-') return index;
    if (flags.some((known) => takesNext(known, argument))) index += 1;
  }
  return args.length;
}

/** `-n 5` and `--lines 5`, but not `-n5`, `--lines=5` or an option without a value. */
function takesNext(flags: string, argument: string): boolean {
  return flags.includes('<') && flags.split(/[ ,]+/).includes(argument);
}
