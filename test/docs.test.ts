// The documentation says what the code does: commands, options, exit codes, errors, routes, config keys and links.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CATALOG } from '../src/cli/catalog.ts';
import { describeSchema } from '../src/config/describe-schema.ts';
import { readSchema } from '../src/config/schema.ts';
import { validateConfig } from '../src/config/validate.ts';
import { ERRORS, EXIT } from '../src/core/errors.ts';
import { ROUTES } from '../src/protocol/control-api.ts';
import { anchors, codeBlocks, codeIn, localLinks, section, tableRows } from './support/markdown.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const readme = read('README.md');

describe('README, commands', () => {
  const rows = tableRows(section(readme, 'Commands'));
  const rowOf = (name: string): string =>
    rows.find(([cell = '']) => codeIn(cell)[0]?.split(' ')[0] === name)?.join(' ') ?? '';

  it('are those that there are, in the order of the help', () => {
    const listed = rows.map(([cell = '']) => codeIn(cell)[0]?.split(' ')[0]);
    expect(listed).toEqual([...CATALOG.map(({ name }) => name), 'help']);
  });

  it.each(CATALOG.map((entry) => [entry.name, entry] as const))(
    '%s names its options and its other names',
    async (name, entry) => {
      const { options } = await entry.load();
      for (const { flags } of Object.values(options)) {
        const names = flags.split(/[ ,]+/).filter((part) => part.startsWith('-'));
        expect(
          names.some((flag) => rowOf(name).includes(flag)),
          `${name} ${flags}`,
        ).toBe(true);
      }
      for (const alias of entry.aliases) expect(rowOf(name)).toContain(alias);
    },
  );
});

describe('README, exit codes', () => {
  it('are those of the CLI', () => {
    const codes = tableRows(section(readme, 'Exit codes')).map(([code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });
});

describe('docs/errors.md', () => {
  const rows = tableRows(read('docs/errors.md')).filter(([cell = '']) => /^`[A-Z_]+`$/.test(cell));

  it('has every error with its exit code and HTTP status, and no other', () => {
    const listed = rows.map(([code = '', exit, http]) => [codeIn(code)[0], Number(exit), Number(http)]);
    expect(listed).toEqual(Object.entries(ERRORS).map(([code, { exit, http }]) => [code, exit, http]));
  });

  it('says of each when it happens and what to do', () => {
    for (const [code, , , when, remedy] of rows) expect([code, when, remedy]).not.toContain('');
  });
});

describe('docs/control-api.md', () => {
  it('has every route, and no other', () => {
    const cells = tableRows(section(read('docs/control-api.md'), 'Routes')).map(([cell = '']) => codeIn(cell)[0]);
    const listed = cells.map((route) => route?.replace(/\?.*$/, ''));
    expect(listed.toSorted()).toEqual(Object.values(ROUTES).toSorted());
  });
});

describe('README, config reference', () => {
  const schema = readSchema();
  const [, reference = ''] =
    /<!-- config reference: begin [^\n]*\n([\s\S]*)<!-- config reference: end -->/.exec(readme) ?? [];

  it('is what the schema says (npm run docs writes it)', () => {
    expect(reference.trim()).toBe(describeSchema(schema).trim());
  });

  it('has every key of the schema', () => {
    const listed = tableRows(reference).map(([key = '']) => codeIn(key)[0]);
    const { properties, definitions } = JSON.parse(read('schemas/evenkeel.schema.json'));
    expect(listed).toEqual([...Object.keys(properties), ...keysBelow(definitions.app, '')]);
  });

  const examples = [readme, read('docs/control-api.md'), read('docs/from-pm2.md')].flatMap((text) =>
    codeBlocks(text, 'yaml'),
  );
  it.each(examples.map((text, index) => [index + 1, text] as const))('example %i is valid', (_number, text) => {
    expect(validateConfig(parse(text))).toEqual([]);
  });
});

describe('docs/dependencies.md', () => {
  const text = read('docs/dependencies.md');
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));

  it('has every library of the run time, with the one file that imports it', () => {
    const rows = tableRows(section(text, 'Run time'));
    const libraries = rows.map(([cell = '']) => /^\[([^\]]+)\]/.exec(cell)?.[1] ?? '');
    expect(libraries).toEqual(Object.keys(dependencies));
    for (const [index, [, , importedBy = '']] of rows.entries()) {
      expect(read(codeIn(importedBy)[0] ?? '')).toContain(`'${libraries[index]}'`);
    }
  });

  it('has every library of the development', () => {
    for (const name of Object.keys(devDependencies).filter((name) => !/^@types\/(?!node)/.test(name))) {
      expect(section(text, 'Development')).toContain(name);
    }
  });
});

describe('docs/architecture.md', () => {
  it('shows the table of the rollout as the code has it', () => {
    const source = read('src/core/rollout.ts').split('\n');
    const table = source.filter((line) => /^\/\/ {3}\S/.test(line)).map((line) => line.slice('//   '.length));
    expect(codeBlocks(read('docs/architecture.md'), '').map((block) => block.trim())).toContain(table.join('\n'));
  });

  it('names only files that there are', () => {
    const named = read('docs/architecture.md').matchAll(/`((?:src|test|schemas|docs)\/[\w./-]+\.\w+)`/g);
    const files = [...named].map(([, file = '']) => file).filter((file) => !file.includes('NAME'));
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe('links', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.md') && !/(?:^|\/)(?:node_modules|dist|\.\w+)\//.test(file),
  );

  it.each(files)('of %s lead somewhere', (file) => {
    for (const link of localLinks(read(file))) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : join(dirname(file), path);
      expect([link, existsSync(join(ROOT, target))]).toEqual([link, true]);
      if (anchor !== undefined) expect(anchors(read(target)), link).toContain(anchor);
    }
  });
});

function keysBelow({ properties }: { readonly properties?: object }, prefix: string): readonly string[] {
  return Object.entries(properties ?? {}).flatMap(([key, part]) => [
    `${prefix}${key}`,
    ...keysBelow(part, `${prefix}${key}.`),
  ]);
}
