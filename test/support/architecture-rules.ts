// The architecture as rules (docs/architecture.md says why): each takes the facts of all source files and gives the
// violations, as lines for people.

import { basename } from 'node:path/posix';
import type { Import, SourceFacts } from './source-facts.ts';

export type Rule = (files: readonly SourceFacts[]) => readonly string[];

/** What each folder of src may import besides itself. The four processes import the shared folders, never each other. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  protocol: ['core'],
  config: ['core', 'protocol', 'platform'],
  platform: ['core', 'protocol'],
  logs: ['core', 'protocol'],
  agent: ['core', 'protocol', 'platform'],
  cluster: ['core', 'protocol', 'platform', 'logs'],
  manager: ['core', 'protocol', 'platform', 'logs', 'config'],
  client: ['core', 'protocol', 'platform', 'logs', 'config'],
  cli: ['core', 'protocol', 'platform', 'logs', 'config', 'client'],
  'index.ts': ['core', 'protocol', 'platform', 'config', 'client'],
  'worker.ts': ['core', 'protocol'],
};

export const importsGoOneWay: Rule = (files) =>
  files.flatMap(({ path, imports }) => {
    const from = folderOf(path);
    const allowed = LAYERS[from];
    if (allowed === undefined) return [`${path}: src/${from} is not in the table of layers`];
    const wrong = imports.filter(
      ({ file }) => file !== null && folderOf(file) !== from && !allowed.includes(folderOf(file)),
    );
    return wrong.map(({ specifier }) => `${path}: src/${from} may not import ${specifier}`);
  });

/** Pure code: nothing of Node, nothing of others, but for croner as a calculator. */
export const coreAndProtocolArePure: Rule = (files) =>
  files.flatMap(({ path, imports }) => {
    if (!['core', 'protocol'].includes(folderOf(path))) return [];
    const wrong = imports.filter(
      ({ file, specifier }) => file === null && `${path} ${specifier}` !== 'src/core/cron.ts croner',
    );
    return wrong.map(({ specifier }) => `${path}: imports ${specifier}`);
  });

export const noCycles: Rule = (files) => {
  const imports = new Map(files.map((file) => [file.path, filesOf(file.imports)]));
  return files.flatMap(({ path }) => {
    const cycle = pathTo(path, path, imports, new Set());
    // Told once, by its first file in the alphabet.
    return cycle === null || cycle.some((file) => file < path) ? [] : [[path, ...cycle].join(' → ')];
  });
};

export const everyImportIsThere: Rule = (files) => {
  const known = new Set(files.map(({ path }) => path));
  return files.flatMap(({ path, imports }) =>
    filesOf(imports).flatMap((file) => (known.has(file) ? [] : [`${path}: imports ${file}, which does not exist`])),
  );
};

/** A library can be replaced where a single file knows it. */
export const oneFilePerLibrary: Rule = (files) => {
  const users = new Map<string, Set<string>>();
  for (const { path, library } of files.flatMap(librariesIn)) {
    users.set(library, (users.get(library) ?? new Set<string>()).add(path));
  }
  return [...users].flatMap(([library, paths]) =>
    paths.size === 1 ? [] : [`${library} is imported by ${[...paths].join(', ')}`],
  );
};

/** Only entry points end a process or read its arguments; only the CLI prints. The agent ends the app's worker. */
const MAINS = ['cli', 'manager', 'cluster', 'config', 'agent'].map((folder) => `src/${folder}/main.ts`);
const ENDS_THE_WORKER = ['src/agent/agent.ts', 'src/agent/uncaught.ts'];

export const edgesStayAtTheEdge: Rule = (files) =>
  files.flatMap(({ path, edges }) => {
    const isAllowed = (edge: string): boolean => {
      if (edge === 'console') return folderOf(path) === 'cli';
      return MAINS.includes(path) || (edge === 'process.exit' && ENDS_THE_WORKER.includes(path));
    };
    return edges.filter((edge) => !isAllowed(edge)).map((edge) => `${path}: uses ${edge}`);
  });

/** What an entry point may load of others. `lazy` imports count too: they are in the same bundle. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  'src/agent/main.ts': [],
  'src/worker.ts': [],
  'src/cluster/main.ts': ['croner', 'rotating-file-stream'],
  'src/manager/main.ts': ['croner', 'rotating-file-stream'],
};

export const processesStaySmall: Rule = (files) =>
  Object.entries(LIBRARIES).flatMap(([entry, allowed]) => {
    const reached = reach(entry, files, ['static', 'lazy']);
    const wrong = reached.flatMap(librariesIn).filter(({ library }) => !allowed.includes(library));
    return wrong.map(({ path, library }) => `${entry} reaches ${library} through ${path}`);
  });

/** Each costs some 10 ms and a megabyte: what `evenkeel status` and every cluster process would pay. */
const LAZY: Readonly<Record<string, readonly string[]>> = {
  'src/cli/main.ts': ['ajv', 'cosmiconfig', 'yaml', 'jiti', 'cli-table3', 'log-update', 'croner'],
  'src/cluster/main.ts': ['node:http', 'node:https', 'node:http2'],
};

export const heavyModulesAreLazy: Rule = (files) =>
  Object.entries(LAZY).flatMap(([entry, heavy]) =>
    reach(entry, files, ['static']).flatMap(({ path, imports }) => {
      const wrong = imports.filter(({ kind, specifier }) => kind === 'static' && heavy.includes(specifier));
      return wrong.map(({ specifier }) => `${entry} loads ${specifier} at once, through ${path}`);
    }),
  );

export const noAny: Rule = (files) => files.filter(({ anys }) => anys > 0).map(({ path }) => `${path}: uses any`);

export const noSuppressions: Rule = (files) =>
  files.filter(({ suppressions }) => suppressions > 0).map(({ path }) => `${path}: switches a check off`);

/** The type checker believes a cast. `cap` is how many there are: a new one has to replace an old one, or be argued for. */
export function castsAreCapped(cap: number): Rule {
  return (files) => {
    const casts = files.filter((file) => file.casts > 0);
    const count = casts.reduce((sum, file) => sum + file.casts, 0);
    return count <= cap ? [] : [`${count} casts, more than ${cap}: ${casts.map(({ path }) => path).join(', ')}`];
  };
}

/** Generated: the whole schema is in it. */
const GENERATED = 'src/config/user-config.ts';
const MAX_LINES = 300;

export const filesAreShort: Rule = (files) =>
  files
    .filter(({ path, lines }) => lines > MAX_LINES && path !== GENERATED)
    .map(({ path, lines }) => `${path}: ${lines} lines`);

export const filesBeginWithTheirJob: Rule = (files) =>
  files.filter(({ firstLine }) => !/^(?:\/\/ \S|\/\*)/.test(firstLine)).map(({ path }) => `${path}: no comment on top`);

export const namesAreKebabCase: Rule = (files) =>
  files.filter(({ path }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(basename(path))).map(({ path }) => path);

/** Such files have no one job. */
const GRAB_BAGS = ['utils.ts', 'util.ts', 'helpers.ts', 'helper.ts', 'common.ts', 'misc.ts', 'shared.ts'];

export const noGrabBags: Rule = (files) =>
  files.filter(({ path }) => GRAB_BAGS.includes(basename(path))).map(({ path }) => path);

/** 'core' of src/core/plan.ts, 'index.ts' of src/index.ts. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? path;
}

function filesOf(imports: readonly Import[]): readonly string[] {
  return imports.flatMap(({ file }) => file ?? []);
}

function librariesIn({ path, imports }: SourceFacts): { readonly path: string; readonly library: string }[] {
  const foreign = imports.filter(({ file, specifier }) => file === null && !specifier.startsWith('node:'));
  return foreign.map(({ specifier }) => ({ path, library: specifier }));
}

/** The files that an entry point loads, itself first. */
function reach(entry: string, files: readonly SourceFacts[], kinds: readonly Import['kind'][]): readonly SourceFacts[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const reached = new Set([entry]);
  for (const path of reached) {
    for (const { file, kind } of known.get(path)?.imports ?? [])
      if (file !== null && kinds.includes(kind)) reached.add(file);
  }
  return [...reached].flatMap((path) => known.get(path) ?? []);
}

/** The way from what `from` imports to `to`; null: there is none. */
function pathTo(
  from: string,
  to: string,
  imports: ReadonlyMap<string, readonly string[]>,
  seen: Set<string>,
): readonly string[] | null {
  for (const next of imports.get(from) ?? []) {
    if (next === to) return [to];
    if (seen.has(next)) continue;
    seen.add(next);
    const rest = pathTo(next, to, imports, seen);
    if (rest !== null) return [next, ...rest];
  }
  return null;
}
