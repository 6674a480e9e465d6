// The architecture of docs/architecture.md, proved over all of src. Each rule is first shown to refuse a small sample
// that breaks it: a rule that cannot fail proves nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as rules from './support/architecture-rules.ts';
import { factsOf, type SourceFacts } from './support/source-facts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** As many as there are now. Lower it when one goes; raise it only with a reason that a reviewer believes. */
const CASTS = 9;

type Sample = Readonly<Record<string, string>>;

const CASES: readonly { readonly name: string; readonly rule: rules.Rule; readonly broken: readonly Sample[] }[] = [
  {
    name: 'imports go one way: core ← protocol ← config, platform, logs ← the processes, client ← cli, index.ts',
    rule: rules.importsGoOneWay,
    broken: [
      { 'src/core/plan.ts': "import { stateLayout } from '../platform/paths.ts';" },
      { 'src/protocol/ndjson.ts': "import type { Fault } from '../config/fault.ts';" },
      { 'src/cluster/fork.ts': "export { fleet } from '../manager/fleet.ts';" },
      { 'src/manager/fleet.ts': "await import('../cluster/fork.ts');" },
      { 'src/cli/main.ts': "type A = import('../agent/gate.ts').Gate;" },
      { 'src/client/connect.ts': "import { runCli } from '../cli/run-cli.ts';" },
      { 'src/index.ts': "import { runCli } from './cli/run-cli.ts';" },
      { 'src/worker.ts': "import { connectUnix } from './platform/unix-client.ts';" },
      { 'src/somewhere/a.ts': '' },
    ],
  },
  {
    name: 'core and protocol know neither Node nor a library, but for croner in core/cron.ts',
    rule: rules.coreAndProtocolArePure,
    broken: [
      { 'src/core/plan.ts': "import { readFileSync } from 'node:fs';" },
      { 'src/protocol/ndjson.ts': "import type { Socket } from 'node:net';" },
      { 'src/core/plan.ts': "import { Cron } from 'croner';" },
      { 'src/core/cron.ts': "import ajv from 'ajv';" },
    ],
  },
  {
    name: 'no file imports itself by a detour',
    rule: rules.noCycles,
    broken: [
      {
        'src/core/a.ts': "import { b } from './b.ts';",
        'src/core/b.ts': "import type { C } from './c.ts';",
        'src/core/c.ts': "const a = await import('./a.ts');",
      },
    ],
  },
  {
    name: 'every imported file exists',
    rule: rules.everyImportIsThere,
    broken: [{ 'src/core/a.ts': "import './b.ts';" }],
  },
  {
    name: 'each library is imported by one file',
    rule: rules.oneFilePerLibrary,
    broken: [
      {
        'src/cli/a.ts': "import { parse } from 'yaml';",
        'src/config/b.ts': "createRequire(import.meta.url)('yaml');",
      },
    ],
  },
  {
    name: 'only entry points read arguments or end the process, and only the CLI prints',
    rule: rules.edgesStayAtTheEdge,
    broken: [
      { 'src/core/a.ts': "console.log('a');" },
      { 'src/manager/fleet.ts': 'process.exit(1);' },
      { 'src/cli/run-cli.ts': 'process.exit(1);' },
      { 'src/config/a.ts': 'const { argv } = process;' },
      { 'src/agent/gate.ts': 'const leave = process.exit;' },
      { 'src/cluster/main.ts': 'const { log } = console;' },
    ],
  },
  {
    name: 'manager, cluster process and agent load no library but those that they need all the time',
    rule: rules.processesStaySmall,
    broken: ['ajv', 'cosmiconfig', 'yaml', 'commander', 'cli-table3', 'log-update'].map((library) => ({
      'src/manager/main.ts': "import { load } from '../config/load.ts';",
      'src/config/load.ts': `export const load = () => import('${library}');`,
    })),
  },
  {
    name: 'the agent, and what apps load, load nothing but Node',
    rule: rules.processesStaySmall,
    broken: [
      { 'src/agent/main.ts': "import { Cron } from 'croner';" },
      { 'src/worker.ts': "import { Cron } from 'croner';" },
    ],
  },
  {
    name: 'what is heavy is loaded when it is needed',
    rule: rules.heavyModulesAreLazy,
    broken: [
      { 'src/cli/main.ts': "import './table.ts';", 'src/cli/table.ts': "import Table from 'cli-table3';" },
      { 'src/cluster/main.ts': "import { request } from 'node:http';" },
    ],
  },
  {
    name: 'no any',
    rule: rules.noAny,
    broken: [{ 'src/core/a.ts': 'const a: readonly any[] = [];' }, { 'src/core/a.ts': 'const a = <any>1;' }],
  },
  {
    name: 'no check is switched off',
    rule: rules.noSuppressions,
    broken: [
      { 'src/core/a.ts': '// @ts-expect-error\nlet a: string = 1;' },
      { 'src/core/a.ts': '// biome-ignore lint: x' },
    ],
  },
  {
    name: `no more than ${CASTS} casts`,
    rule: rules.castsAreCapped(CASTS),
    broken: [
      { 'src/core/a.ts': 'a as string;'.repeat(CASTS + 1) },
      { 'src/core/a.ts': '<string>a;'.repeat(CASTS + 1) },
    ],
  },
  {
    name: 'no file is longer than 300 lines',
    rule: rules.filesAreShort,
    broken: [{ 'src/core/a.ts': '// a\n'.repeat(301) }],
  },
  {
    name: 'every file says on top what its one job is',
    rule: rules.filesBeginWithTheirJob,
    broken: [{ 'src/core/a.ts': 'export {};' }, { 'src/cli/main.ts': '#!/usr/bin/env node\n\n// late' }],
  },
  {
    name: 'file names are in kebab case',
    rule: rules.namesAreKebabCase,
    broken: [{ 'src/core/appState.ts': '' }, { 'src/core/App.ts': '' }, { 'src/core/app_state.ts': '' }],
  },
  {
    name: 'no file is a grab bag',
    rule: rules.noGrabBags,
    broken: [{ 'src/core/utils.ts': '' }, { 'src/cli/commands/helpers.ts': '' }],
  },
];

describe('architecture', () => {
  const files = readTree('src');

  it('looks at the real files', () => {
    expect(files.length).toBeGreaterThan(150);
  });

  for (const { name, rule, broken } of CASES) {
    it.each(broken.map((sample) => [Object.keys(sample).join(', '), sample] as const))(
      `would notice a breach of: ${name} (%s)`,
      (_name, sample) => {
        const facts = Object.entries(sample).map(([path, text]) => factsOf(path, text));
        expect(rule(facts)).not.toEqual([]);
      },
    );

    it(name, () => {
      expect(rule(files)).toEqual([]);
    });
  }

  it('counts no import, cast or edge that is only text', () => {
    const text = [
      "// import 'ajv'; a as string; any; console",
      "const text = `import 'yaml'; process.exit(1)`;",
      'const here = { console: 1, list: [1] as const } satisfies object;',
      'export { text, here };',
    ];
    const { imports, casts, anys, edges } = factsOf('src/core/a.ts', text.join('\n'));
    expect({ imports, casts, anys, edges }).toEqual({ imports: [], casts: 0, anys: 0, edges: [] });
  });
});

function readTree(folder: string): readonly SourceFacts[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return paths
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .map((path) => factsOf(path, readFileSync(join(ROOT, path), 'utf8')));
}
