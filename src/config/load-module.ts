// Runs a JavaScript or TypeScript config: its default export is the config, and any part of it may be a function.
// This is the one place where code of users runs. (config loader)

import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Data, isRecord } from '../core/is-record.ts';
import { computeValues } from './compute-values.ts';
import { NOWHERE, type Position, type ReadResult, unreadable } from './config-source.ts';
import type { ConfigContext } from './define-config.ts';
import { collectFaults } from './fault.ts';
import { readParseError } from './parse-error.ts';
import { toPlainData } from './plain-data.ts';
import { readText } from './read-text.ts';
import { findSyntaxError } from './syntax-place.ts';

export async function loadModule(file: string, context: ConfigContext): Promise<ReadResult> {
  try {
    const module = await importConfig(file);
    if (!isRecord(module) || !('default' in module))
      return unreadable(file, 'the config has no default export', NO_EXPORT);
    const { faults, report } = collectFaults();
    const value = toPlainData(await computeValues(defaultExport(module), context, report), report);
    return { ok: true, source: { file, value, faults, locate: () => NOWHERE } };
  } catch (error) {
    return describeThrow(file, error);
  }
}

/** A config that threw, as a problem at the line it threw from. */
function describeThrow(file: string, error: unknown): ReadResult {
  const syntax = file.endsWith('.ts') ? readParseError(error) : null;
  if (syntax !== null) return unreadable(syntax.file, `this is not TypeScript: ${syntax.message}`, null, syntax);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `the config threw ${text.trim().replace(/\s*\n\s*/g, ' ')}`;
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  if (error instanceof SyntaxError) {
    const place = findSyntaxError(file, stack);
    if (place !== null) return unreadable(place.file, message, null, place);
  }
  return unreadable(file, message, null, positionIn(stack, file));
}

const NO_EXPORT = 'write `export default { apps: { ... } }`, or a function that returns such an object';

async function importConfig(file: string): Promise<unknown> {
  if (extname(file) !== '.ts') return import(pathToFileURL(file).href);
  const { importTypeScript } = await import('./load-typescript.ts');
  return importTypeScript(file);
}

/** A CommonJS file that was compiled from an ES module has its default export one level deeper. */
function defaultExport({ default: exported }: Data): unknown {
  const isCompiled = isRecord(exported) && exported.__esModule === true && 'default' in exported;
  return isCompiled ? exported.default : exported;
}

function positionIn(stack: string, file: string): Position {
  for (const name of [pathToFileURL(file).href, file]) {
    const [, rest = ''] = stack.split(`${name}:`);
    const [, line, column] = /^(\d+)(?::(\d+))?/.exec(rest) ?? [];
    if (line === undefined) continue;
    // What runs of a TypeScript file has its lines, but not its columns.
    if (extname(file) === '.ts') return { line: Number(line), column: firstColumn(file, Number(line)) };
    return { line: Number(line), column: column === undefined ? 1 : Number(column) };
  }
  return NOWHERE;
}

/** Where the text of a line begins. */
function firstColumn(file: string, line: number): number {
  const content = readText(file);
  const text = content.ok ? (content.text.split('\n')[line - 1] ?? '') : '';
  return Math.max(0, text.search(/\S/)) + 1;
}
