// Resolves a config given as text, on files that are not there: what the tests of the pipeline share.

import type { Files } from '../../src/config/files.ts';
import { parseText } from '../../src/config/parse-text.ts';
import { type ResolveOptions, resolveConfig } from '../../src/config/resolve-config.ts';
import { type ConfigProblem, formatProblem } from '../../src/core/problem.ts';
import type { AppSpec, EcosystemSpec } from '../../src/core/spec.ts';

export const FOLDER = '/shop';
export const FILE = `${FOLDER}/evenkeel.config.yaml`;

export interface World extends Partial<Omit<ResolveOptions, 'files'>> {
  /** Absolute paths and what they contain; `null`: a directory. /shop, /shop/a.js and /shop/b.js are there anyway. */
  readonly disk?: Readonly<Record<string, string | null>>;
  /** How files are read; left out: from `disk`. */
  readonly read?: Files['read'];
  /** What may be run; left out: everything. */
  readonly programs?: readonly string[];
}

type Outcome =
  | { readonly ok: true; readonly ecosystem: EcosystemSpec }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export function resolveText(text: string, world: World = {}): Outcome {
  const read = parseText(FILE, text, 'yaml');
  if (!read.ok) return read;
  const disk = new Map<string, string | null>(
    Object.entries({ [FOLDER]: null, [`${FOLDER}/a.js`]: '', [`${FOLDER}/b.js`]: '', ...world.disk }),
  );
  const { profile = null, variables = {}, cpus = 4, users = { problemOf: () => null }, strict = false } = world;
  return resolveConfig(read.source, {
    ...{ profile, variables, cpus, users, strict },
    files: {
      kindOf: (path) => {
        const content = disk.get(path);
        if (content === undefined) return 'missing';
        return content === null ? 'directory' : 'file';
      },
      read:
        world.read ??
        ((path) => {
          const text = disk.get(path) ?? null;
          return text === null ? { ok: false, reason: 'does not exist', hint: null } : { ok: true, text };
        }),
      isProgram: (path) => world.programs?.includes(path) ?? true,
    },
  });
}

/** Every problem as one text, without the name of the config. */
export function problemsOf(text: string, world: World = {}): readonly string[] {
  const outcome = resolveText(text, world);
  if (outcome.ok) return [];
  return outcome.problems.map((problem) => formatProblem(problem, problem.file === FILE ? 'config' : problem.file));
}

export function ecosystemOf(text: string, world: World = {}): EcosystemSpec {
  const outcome = resolveText(text, world);
  if (!outcome.ok) throw new Error(outcome.problems.map((problem) => formatProblem(problem)).join('\n'));
  return outcome.ecosystem;
}

/** The first app. */
export function appOf(text: string, world: World = {}): AppSpec {
  const [app] = ecosystemOf(text, world).apps;
  if (app === undefined) throw new Error('there is no app');
  return app;
}
