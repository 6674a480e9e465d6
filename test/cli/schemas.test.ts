// The schemas of what --json writes: samples validate, nothing may be missing or added, and the types of the source
// say the same.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { compile } from 'json-schema-to-typescript';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../src/core/errors.ts';
import { tempDir } from '../support/temp-dir.ts';
import * as samples from './support/samples.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function readSchema(name: string): object {
  return JSON.parse(readFileSync(join(root, 'schemas', `${name}.schema.json`), 'utf8'));
}

function validator(name: string): ValidateFunction {
  return new Ajv({ strict: true, strictTypes: false, allErrors: true, formats: { 'date-time': true } }).compile(
    readSchema(name),
  );
}

const problem = {
  file: '/srv/shop/evenkeel.config.yaml',
  line: 3,
  column: 5,
  path: 'apps.web',
  message: 'no',
  hint: null,
};
const error: ErrorBody = { code: 'CONFIG_INVALID', message: 'no', hint: null, problems: [problem] };
const progress = { generation: 4, phase: 'booting' as const, startedAt: samples.TIME, ready: 0, desired: 2 };
const lastDeploy = {
  generation: 3,
  outcome: 'done' as const,
  reason: 'deploy',
  startedAt: samples.TIME,
  durationMs: 900,
};
const deploy = samples.deployResult({ failure: samples.workerFailure({ lastLines: ['a'] }), hookOutput: ['b'] });
const told = { slot: 0, pid: 4711, generation: 3, problem: 'it has closed its channel' };
const failed = samples.appResult({ ok: false, deploy, failure: samples.workerFailure(), workers: [told], error });

const DOCUMENTS: readonly (readonly [string, unknown])[] = [
  ['status', samples.statusOf(samples.appStatus({ deploy: progress, lastDeploy }), samples.appStatus({ workers: [] }))],
  ['plan', samples.samplePlan],
  ['result', samples.operationResult(samples.appResult({ deploy: samples.deployResult() }), failed)],
  ['history', { app: 'web', generations: [samples.historyEntry()] }],
  ['check', { ok: false, file: null, apps: [], problems: [problem], notices: ['web is odd'] }],
  ['error', { error }],
  ['version', { version: '1.0.0', manager: { version: '1.0.0', pid: 1 } }],
  ['version', { version: '1.0.0', manager: null }],
  ['init', { file: '/srv/evenkeel.config.yaml', script: null, apps: ['web'] }],
  ['log', { app: 'web', slot: 0, stream: 'stdout', line: 'hello' }],
  ...samples.EVENT_LINES.map(([event]) => ['event', event] as const),
];

describe('each schema', () => {
  it.each(DOCUMENTS)('%s: accepts a sample, and refuses it with a key more or less', (name, document) => {
    const validate = validator(name);
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    for (const broken of brokenCopies(document)) {
      expect(validate(broken), `should be refused: ${JSON.stringify(broken)}`).toBe(false);
    }
  });
});

/** With one key added to, or one required key taken from, each object in it. */
function* brokenCopies(document: unknown): Generator<unknown> {
  for (const path of objectPaths(document, [])) {
    const target = at(document, path);
    // Optional: an error without a config's problems.
    for (const key of Object.keys(target).filter((name) => name !== 'problems' || 'ok' in target)) {
      const copy = structuredClone(document);
      delete at(copy, path)[key];
      yield copy;
    }
    const copy = structuredClone(document);
    at(copy, path).unknown = 1;
    yield copy;
  }
}

function* objectPaths(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield path;
  for (const [key, member] of Object.entries(value)) yield* objectPaths(member, [...path, key]);
}

function at(document: unknown, path: readonly string[]): Record<string, unknown> {
  return path.reduce((value, key) => (value as Record<string, unknown>)[key], document) as Record<string, unknown>;
}

const CLAIMS: Readonly<Record<string, string>> = {
  status: `import type { Status } from '${root}src/core/status.ts'; export const same: Same<Plain<Status>, Root> = true;`,
  plan: `import type { Plan } from '${root}src/core/plan.ts'; export const same: Same<Plain<Plan>, Root> = true;`,
  result: `import type { OperationResult } from '${root}src/protocol/control-api.ts';
    export const same: Same<Plain<OperationResult>, Root> = true;`,
  event: `import type { EvenkeelEvent } from '${root}src/core/events.ts'; export const same: Same<Plain<EvenkeelEvent>, Root> = true;`,
  // The spec is an app as the config's own schema describes it; the rest is compared.
  history: `import type { HistoryAnswer } from '${root}src/protocol/control-api.ts';
    type Ours = HistoryAnswer['generations'][number]; type Theirs = Root['generations'][number];
    export const same: Same<Plain<Omit<Ours, 'pinned'>>, Omit<Theirs, 'pinned'>> = true;
    export const pinned: Same<keyof NonNullable<Ours['pinned']>, keyof NonNullable<Theirs['pinned']>> = true;`,
  check: `import type { CheckDocument } from '${root}src/cli/commands/check.ts'; export const same: Same<Plain<CheckDocument>, Root> = true;`,
  error: `import type { ErrorAnswer } from '${root}src/protocol/control-api.ts'; export const same: Same<Plain<ErrorAnswer>, Root> = true;`,
  version: `import type { VersionAnswer } from '${root}src/protocol/control-api.ts';
    export const same: Same<Plain<{ version: string; manager: VersionAnswer | null }>, Root> = true;`,
  log: `import type { ShownLine } from '${root}src/client/merge-lines.ts'; export const same: Same<Plain<ShownLine & { app: string }>, Root> = true;`,
};

const PRELUDE = `
type Plain<T> = T extends readonly (infer U)[] ? Plain<U>[] : T extends object ? { -readonly [K in keyof T]: Plain<T[K]> } : T;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : 'the schema says less') : 'the schema says something else';
`;

describe('the types of the source and the schemas', () => {
  it('say the same', { timeout: 120_000 }, async () => {
    const folder = tempDir();
    const files = [];
    for (const [name, claim] of Object.entries(CLAIMS)) {
      const { $id: _id, ...schema } = { $id: '', ...readSchema(name), title: 'Root' };
      const types = await compile(schema, 'Root', { bannerComment: '', additionalProperties: false });
      const file = join(folder, `${name}.ts`);
      writeFileSync(file, `${types}\n${PRELUDE}\n${claim}\n`);
      files.push(file);
    }
    expect(typeErrors(files)).toEqual([]);
  });
});

function typeErrors(files: readonly string[]): readonly string[] {
  const program = ts.createProgram(files, {
    ...{
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    },
    ...{
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      exactOptionalPropertyTypes: true,
    },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
  });
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return program
      .getSemanticDiagnostics(source)
      .map((found) => `${file}: ${ts.flattenDiagnosticMessageText(found.messageText, '\n')}`);
  });
}
