// What the architecture rules want to know of a TypeScript file, read from its syntax tree.

import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

export interface Import {
  /** As written: './plan.ts', 'node:fs', 'yaml'. */
  readonly specifier: string;
  /** Path of the file in the repository; null for a package or a module of Node. */
  readonly file: string | null;
  /** `erased`: of types only, gone after compilation. `lazy`: loaded by an expression, when that runs. */
  readonly kind: 'static' | 'lazy' | 'erased';
}

export interface SourceFacts {
  /** From the repository's root: 'src/core/plan.ts'. */
  readonly path: string;
  readonly firstLine: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Names of what belongs to the edges of a program: 'console', 'process.exit', 'process.argv'. */
  readonly edges: readonly string[];
  /** Uses of the type `any`. */
  readonly anys: number;
  /** Casts with `as` or `<T>`, but for `as const`. */
  readonly casts: number;
  /** Comments that switch a check off. */
  readonly suppressions: number;
}

type Found = { -readonly [K in keyof Pick<SourceFacts, 'anys' | 'casts'>]: number } & {
  readonly imports: Import[];
  readonly edges: string[];
};

const EDGES = ['console', 'process.exit', 'process.argv'];

export function factsOf(path: string, text: string): SourceFacts {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Found = { imports: [], edges: [], anys: 0, casts: 0 };
  visit(source, path, found);
  const lines = text.split('\n');
  return {
    ...{ path, ...found, firstLine: lines.find((line) => !line.startsWith('#!')) ?? '' },
    lines: lines.length - (text.endsWith('\n') ? 1 : 0),
    suppressions: text.match(/@ts-(?:ignore|expect-error|nocheck)|biome-ignore/g)?.length ?? 0,
  };
}

function visit(node: ts.Node, path: string, found: Found): void {
  const imported = importOf(node);
  if (imported !== null) found.imports.push({ ...imported, file: resolveImport(path, imported.specifier) });
  const edge = edgeOf(node);
  if (edge !== null) found.edges.push(edge);
  if (node.kind === ts.SyntaxKind.AnyKeyword) found.anys += 1;
  if (ts.isTypeAssertionExpression(node)) found.casts += 1;
  if (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) found.casts += 1;
  ts.forEachChild(node, (child) => visit(child, path, found));
}

function importOf(node: ts.Node): Omit<Import, 'file'> | null {
  if (ts.isImportDeclaration(node)) {
    return named(node.moduleSpecifier, node.importClause?.isTypeOnly === true ? 'erased' : 'static');
  }
  if (ts.isExportDeclaration(node)) return named(node.moduleSpecifier, node.isTypeOnly ? 'erased' : 'static');
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return named(node.argument.literal, 'erased');
  return ts.isCallExpression(node) && loadsModule(node.expression) ? named(node.arguments[0], 'lazy') : null;
}

function named(name: ts.Node | undefined, kind: Import['kind']): Omit<Import, 'file'> | null {
  return name !== undefined && ts.isStringLiteralLike(name) ? { specifier: name.text, kind } : null;
}

/** `import(...)`, `require(...)`, `createRequire(...)(...)` and `process.getBuiltinModule(...)`. */
function loadsModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isCallExpression(callee)) return callee.expression.getText() === 'createRequire';
  return ['require', 'process.getBuiltinModule'].includes(callee.getText());
}

function edgeOf(node: ts.Node): string | null {
  if (ts.isIdentifier(node) && node.text === 'console' && !isPropertyName(node)) return 'console';
  if (ts.isPropertyAccessExpression(node)) return EDGES.find((edge) => edge === node.getText()) ?? null;
  if (!ts.isBindingElement(node) || !ts.isVariableDeclaration(node.parent.parent)) return null;
  // const { exit } = process
  const taken = `${node.parent.parent.initializer?.getText()}.${(node.propertyName ?? node.name).getText()}`;
  return EDGES.find((edge) => edge === taken) ?? null;
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  return (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
}

function resolveImport(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? join(dirname(from), specifier) : null;
}
