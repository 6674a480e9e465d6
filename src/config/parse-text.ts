// YAML and JSON text into plain data with positions: `yaml` reads both, and knows where everything is. (config loader)

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { ConfigProblem } from '../core/problem.ts';
import type { Position, ReadResult } from './config-source.ts';
import { EMPTY_HINT, unreadable } from './config-source.ts';
import { collectFaults } from './fault.ts';
import type { KeyPath } from './key-path.ts';
import { isTooDeep } from './nesting.ts';
import { toPlainData } from './plain-data.ts';
import { describeSyntax } from './syntax-fault.ts';

/** `format` json: texts and keys need their quotes, as JSON says. */
export function parseText(file: string, text: string, format: 'yaml' | 'json'): ReadResult {
  if (isTooDeep(text)) return unreadable(file, 'values are nested too deeply', null, { line: 1, column: 1 });
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // 'silent' would also be silent about a second document.
    logLevel: 'error',
    ...(format === 'json' ? { schema: 'json' } : { merge: true }),
  });
  const problems = syntaxProblems(file, document, lines, format);
  if (problems.length > 0) return { ok: false, problems };
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return unreadable(file, 'the config is empty', EMPTY_HINT, { line: 1, column: 1 });
  }
  const { faults, report } = collectFaults();
  const value = toPlainData(document.toJS({ maxAliasCount: -1 }), report);
  return { ok: true, source: { file, value, faults, locate: (path, at) => locate(document, lines, path, at) } };
}

function syntaxProblems(
  file: string,
  document: Document.Parsed,
  lines: LineCounter,
  format: 'yaml' | 'json',
): ConfigProblem[] {
  const errors = [...document.errors, ...document.warnings];
  // In JSON one slip is one problem: whatever comes after it is read as a kind of YAML that was never meant.
  const told = format === 'json' ? errors.slice(0, 1) : errors;
  const problems = told.map((error) => ({
    ...{ file, ...positionOf(lines, error.pos[0]), path: '', ...describeSyntax(error.code, error.message, format) },
  }));
  if (format === 'json' && problems.length > 0) return problems;
  const add = (node: Node, message: string, hint: string | null): void => {
    problems.push({ file, ...positionOf(lines, node.range?.[0] ?? 0), path: '', message, hint });
  };
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined) add(alias, 'the alias has no anchor before it', null);
    },
    Pair: (_, pair) => {
      if (isMap(pair.key) || isSeq(pair.key)) add(pair.key, 'a key has to be a text', null);
    },
  });
  return problems;
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function locate(document: Document, lines: LineCounter, path: KeyPath, at: 'key' | 'value'): Position {
  let found: Entry = { key: null, value: document.contents };
  let whole = true;
  for (const part of path) {
    const next = childOf(document, found.value, part);
    if (next === null) {
      whole = false;
      break;
    }
    found = next;
  }
  // What is missing is missing in something, and that is best known by its key.
  const node = at === 'value' && whole ? (found.value ?? found.key) : (found.key ?? found.value);
  return positionOf(lines, node?.range?.[0] ?? 0);
}

interface Entry {
  readonly key: Node | null;
  readonly value: Node | null;
}

function childOf(document: Document, parent: unknown, part: string | number): Entry | null {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq<Node>(node)) return typeof part === 'number' ? { key: null, value: node.items[part] ?? null } : null;
  if (!isMap<Node, Node | null>(node)) return null;
  const pair = node.items.find(({ key }) => isScalar(key) && `${key.source ?? key.value}` === part);
  if (pair !== undefined) return { key: pair.key, value: pair.value };
  for (const { key, value } of node.items) {
    const merged = isScalar(key) && key.source === '<<' ? mergedChild(document, value, part) : null;
    if (merged !== null) return merged;
  }
  return null;
}

function mergedChild(document: Document, merged: Node | null, part: string | number): Entry | null {
  const nodes: readonly (Node | null)[] = isSeq<Node>(merged) ? merged.items : [merged];
  for (const node of nodes) {
    const child = childOf(document, node, part);
    if (child !== null) return child;
  }
  return null;
}
