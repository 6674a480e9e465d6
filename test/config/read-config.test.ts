import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConfigSource } from '../../src/config/config-source.ts';
import type { ConfigContext } from '../../src/config/define-config.ts';
import { locateFaults } from '../../src/config/locate-faults.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { formatProblem } from '../../src/core/problem.ts';
import { tempDir } from '../support/temp-dir.ts';

const CONTEXT: ConfigContext = { profile: 'production', env: { STAGE: 'blue' }, cpus: 4 };

async function read(
  name: string,
  text: string | Uint8Array,
): Promise<{ source: ConfigSource | null; problems: readonly string[] }> {
  const file = join(tempDir(), name);
  writeFileSync(file, text);
  const result = await readConfig(file, CONTEXT);
  const problems = result.ok ? locateFaults(result.source, result.source.faults) : result.problems;
  return {
    source: result.ok ? result.source : null,
    problems: problems.map((problem) => formatProblem(problem, 'config').split('\n')[0] ?? ''),
  };
}

describe('what a config may be', () => {
  test.each([
    ['c.yaml', 'apps: { a: { workers: 2 } }'],
    ['c.yml', '# comment\napps:\n  a:\n    workers: 2\n'],
    ['c.yaml', '\uFEFFapps:\r\n  a: { workers: 2 }\r\n'],
    ['c.json', '{\n\t"apps": {\n\t\t"a": {\n\t\t\t"workers": 2\n\t\t}\n\t}\n}'],
    ['.evenkeelrc', '{"apps": {"a": {"workers": 2}}}'],
    ['.evenkeelrc', 'apps:\n  a:\n    workers: 2'],
    ['.evenkeelrc.json', '{"apps": {"a": {"workers": 2}}}'],
    ['package.json', '{"name": "x", "evenkeel": {"apps": {"a": {"workers": 2}}}}'],
    ['c.mjs', 'export default { apps: { a: { workers: 2, cwd: undefined } } }'],
    ['c.mjs', 'export default async () => ({ apps: { a: { workers: 2 } } })'],
    ['c.js', 'module.exports = { apps: { a: { workers: 2 } } }'],
    ['c.cjs', 'exports.__esModule = true; exports.default = () => ({ apps: { a: { workers: 2 } } })'],
    ['c.ts', 'const workers: number = 2;\nexport default { apps: { a: { workers } } } satisfies object;'],
    [
      'c.ts',
      'type T = { w: number };\nexport default async (): Promise<unknown> => ({ apps: { a: { workers: 2 } } });',
    ],
  ])('%s: %j', async (name, text) => {
    const { source, problems } = await read(name, text);
    expect(problems).toEqual([]);
    expect(source?.value).toEqual({ apps: { a: { workers: 2 } } });
  });
});

describe('functions in a config that is a program', () => {
  test('row 18: give the values of any key, with what they have to go by', async () => {
    const { source, problems } = await read(
      'c.mjs',
      `export default ({ profile }) => ({
         name: () => 'shop-' + profile,
         apps: {
           web: async ({ cpus, env }) => ({
             workers: () => cpus - 1,
             env: { STAGE: () => env.STAGE, NONE: () => undefined },
             args: ['--fast', async () => '--safe'],
           }),
         },
       });`,
    );
    expect(problems).toEqual([]);
    const web = { workers: 3, env: { STAGE: 'blue' }, args: ['--fast', '--safe'] };
    expect(source?.value).toEqual({ name: 'shop-production', apps: { web } });
  });

  test('that throw leave a key of which more need not be said', async () => {
    const { source, problems } = await read(
      'c.mjs',
      'export default { apps: { web: { script: () => { throw 1 }, args: [() => { throw 2 }] } } };',
    );
    expect(problems).toEqual([
      'config: apps.web.script: the function threw 1',
      'config: apps.web.args[0]: the function threw 2',
    ]);
    expect(source?.value).toStrictEqual({ apps: { web: { script: undefined, args: [undefined] } } });
  });

  test('are called anew each time', async () => {
    const file = join(tempDir(), 'c.mjs');
    writeFileSync(file, 'let count = 1; export default { apps: { web: { workers: () => count++ } } };');
    const values = [await readConfig(file, CONTEXT), await readConfig(file, CONTEXT)].map((result) =>
      result.ok ? result.source.value : result.problems,
    );
    expect(values).toEqual([{ apps: { web: { workers: 1 } } }, { apps: { web: { workers: 2 } } }]);
  });
});

describe('a file that cannot be a config is one located problem', () => {
  test.each([
    ['c.yaml', '', 'config:1:1: the config is empty'],
    ['c.yaml', '  \n\n', 'config:1:1: the config is empty'],
    ['c.yaml', '# nothing\n', 'config:1:1: the config is empty'],
    ['c.json', '', 'config:1:1: the config is empty'],
    ['c.mjs', '', 'config:1:1: the config is empty'],
    ['c.yaml', 'a: 1\nb: 2\na: 3\n', 'config:3:1: this key is there twice'],
    ['c.json', '{"a": 1, "a": 2}', 'config:1:10: this key is there twice'],
    ['c.yaml', 'a:\n\tb: 1\n', 'config:2:1: a tab cannot indent YAML'],
    ['c.yaml', 'a: 1\n---\nb: 1\n', 'config:2:1: a config is one document'],
    ['c.yaml', 'a: *x\n', 'config:1:4: the alias has no anchor before it'],
    ['c.yaml', 'a: !env X\n', 'config:1:4: this tag is not known'],
    ['c.yaml', '? [a]\n: 1\n', 'config:1:3: a key has to be a text'],
    ['c.yaml', 'a: &a { b: *a }\n', 'config:1:12: a.b: a value contains itself'],
    ['c.yaml', 'a: .inf\n', 'config:1:4: a: this number is not config data'],
    ['c.yaml', `a: ${'['.repeat(20_000)}`, 'config:1:1: values are nested too deeply'],
    ['c.yaml', '- '.repeat(20_000), 'config:1:1: values are nested too deeply'],
    ['c.json', '{"a": yes}', 'config:1:7: this is not JSON'],
    ['c.json', '{ // why\n"a": 1 }', 'config:1:3: this is not JSON'],
    ['c.json', '{ "a":\n// why\n{} }', 'config:2:1: this is not JSON'],
    ['c.json', '{"a": 1', 'config:1:8: not JSON: an object must end with a }'],
    ['c.json', '{"a": ["b"', 'config:1:11: not JSON: a list must end with a ]'],
    ['c.json', '{"a": "b}', 'config:1:10: not JSON: a closing quotation mark is missing'],
    ['c.yaml', 'a: "b\n', 'config:2:1: not YAML: a closing quotation mark is missing'],
    ['c.json', '{"a": "b" "c": 1}', 'config:1:11: this text is not expected here'],
    ['package.json', '{"name": "x"}', 'config: package.json has no key "evenkeel"'],
    ['c.toml', 'a = 1', 'config: a config cannot be a .toml file'],
    ['c.mjs', 'throw new Error("boo")', 'config:1:7: the config threw Error: boo'],
    ['c.mjs', 'export default () => {\n  throw new TypeError("boo")\n}', 'config:2:9: the config threw TypeError: boo'],
    ['c.mjs', 'export default () => Promise.reject("boo")', 'config: the config threw boo'],
    ['c.mjs', 'export const apps = {}', 'config: the config has no default export'],
    [
      'c.ts',
      'const a: number = 1;\nexport default { a:: a };',
      'config:2:20: this is not TypeScript: Unexpected token',
    ],
    ['c.ts', 'const x: number = 1;   throw new Error("boo" + x)', 'config:1:1: the config threw Error: boo1'],
    ['c.ts', 'type T = {\n x: number;\n};\n  throw new Error("boo")', 'config:4:3: the config threw Error: boo'],
    ['c.mjs', 'export default { get apps() { throw new Error("boo") } }', 'the config threw Error: boo'],
    [
      'c.mjs',
      'export default { apps: { a: { workers: () => { throw new Error("boo\\nhoo") } } } }',
      'config: apps.a.workers: the function threw Error: boo hoo',
    ],
    ['c.mjs', 'const f = () => f; export default { apps: { a: f } }', 'config: apps.a: a function is not config data'],
  ])('%s: %j', async (name, text, problem) => {
    const { problems } = await read(name, text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test('what package.json says besides is no problem', async () => {
    const text = '{"x": 1e999, "evenkeel": {"name": 1e999}}';
    expect((await read('package.json', text)).problems).toEqual(['config:1:35: name: this number is not config data']);
  });

  test('text that is not UTF-8', async () => {
    expect((await read('c.yaml', Uint8Array.of(0x61, 0xff))).problems).toEqual(['config: the file is not UTF-8 text']);
  });

  test('a huge file', async () => {
    expect((await read('c.yaml', '#'.repeat(1024 * 1024 + 1))).problems).toEqual([
      'config: the file is larger than 1 MB',
    ]);
  });

  test('a bomb of aliases', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(10)}]`,
    );
    const { problems } = await read('c.yaml', ['l0: &l0 x', ...levels].join('\n'));
    expect(problems.join()).toContain('more than 100000 values');
  });

  test('every syntax problem of a file', async () => {
    const { problems } = await read('c.yaml', 'a: 1\na: 2\nb: 1\nb: 2\n');
    expect(problems).toHaveLength(2);
  });

  test('pieces of a file that cannot be read do not show', async () => {
    const { problems } = await read('c.json', '{"env": {"KEY": hunter2, "B": "hunter2\n');
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('a directory, and a FIFO, which is never opened', async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'dir.yaml'));
    execFileSync('mkfifo', [join(folder, 'fifo.yaml')]);
    const messages = await Promise.all(
      ['dir.yaml', 'fifo.yaml', 'none.yaml'].map(async (name) => {
        const result = await readConfig(join(folder, name), CONTEXT);
        return result.ok ? [] : result.problems.map((problem) => problem.message);
      }),
    );
    expect(messages).toEqual([
      ['the file is a directory, not a file'],
      ['the file is a FIFO (named pipe), not a regular file'],
      ['the file does not exist'],
    ]);
  });
});

describe('positions', () => {
  const YAML = `base: &base
  stop: { timeout: 1s }
apps:
  web:
    <<: *base
    listen:
      - 80
      - 81
    env: {A: 1}
  api: *base
`;

  test.each([
    [['apps'], 'key', 3, 1],
    [['apps', 'web'], 'key', 4, 3],
    [['apps', 'web', 'listen', 1], 'value', 8, 9],
    [['apps', 'web', 'env', 'A'], 'value', 9, 14],
    [['apps', 'web', 'env', 'missing'], 'key', 9, 5],
    [['apps', 'web', 'stop', 'timeout'], 'value', 2, 20],
    [['apps', 'api', 'stop'], 'key', 2, 3],
    [['apps', 'nope', 'x'], 'value', 3, 1],
    [[], 'value', 1, 1],
  ] as const)('of %j, its %s: line %d, column %d', async (path, at, line, column) => {
    const { source } = await read('c.yaml', YAML);
    expect(source?.locate(path, at)).toEqual({ line, column });
  });

  test('in package.json are those of the whole file', async () => {
    const { source } = await read('package.json', '{\n  "evenkeel": {\n    "apps": {"a": 1}\n  }\n}');
    expect(source?.locate(['apps', 'a'], 'value')).toEqual({ line: 3, column: 19 });
  });

  test('there are none in a program', async () => {
    const { source } = await read('c.mjs', 'export default { apps: {} }');
    expect(source?.locate(['apps'], 'key')).toEqual({ line: null, column: null });
  });
});
