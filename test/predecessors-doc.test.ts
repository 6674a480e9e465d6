// docs/predecessors.md and the guides that belong to it: every row has its test, and what they name is there.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CATALOG } from '../src/cli/catalog.ts';
import { codeIn, localLinks, section, tableRows } from './support/markdown.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));
const read = (file: string): string => readFileSync(join(DOCS, file), 'utf8');
const document = read('predecessors.md');
const readme = read('../README.md');

const CAPABILITIES = 32;

/** Titles of tests and of groups, as far as they are written out. */
function titlesIn(source: string): readonly string[] {
  return [...source.matchAll(/\(\s*(['"`])((?:\\.|(?!\1).)*)\1,/g)].map(([, , title = '']) => title);
}

describe('what works', () => {
  const rows = tableRows(section(document, 'What works'));

  it('has every row, in order', () => {
    expect(rows.map(([number]) => Number(number))).toEqual(
      Array.from({ length: CAPABILITIES }, (_, index) => index + 1),
    );
  });

  it('leaves no row without a test', () => {
    expect(rows.filter(([, , , , tests = '']) => localLinks(tests).length === 0)).toEqual([]);
  });

  it.each(rows.map(([number = '', what, , , tests = '']) => ({ number, what, tests })))(
    'row $number: $what: each of its tests carries the number',
    ({ number, tests }) => {
      for (const link of localLinks(tests)) {
        expect([link, existsSync(join(DOCS, link))]).toEqual([link, true]);
        const named = titlesIn(read(link)).filter((title) => title.startsWith(`row ${number}: `));
        expect([link, named.length > 0]).toEqual([link, true]);
      }
    },
  );
});

describe('what does not happen any more', () => {
  const rows = tableRows(section(document, 'What does not happen any more'));
  const tested = rows.flatMap((row) => [...(row.at(-1) ?? '').matchAll(/\]\(([^)]+)\): ((?:"[^"]+"(?:, )?)+)/g)]);
  const titles = tested.flatMap(([, link = '', list = '']) =>
    [...list.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ link, title })),
  );

  it('names a test for each', () => {
    for (const row of rows) expect(row.at(-1)).toMatch(/\]\([^)]+\): "/);
    expect(titles.length).toBeGreaterThanOrEqual(rows.length);
  });

  it.each(titles)('$link has "$title"', ({ link, title }) => {
    expect(titlesIn(read(link)).some((found) => found.includes(title))).toBe(true);
  });
});

describe('the guides', () => {
  const guides = readdirSync(DOCS).filter((file) => file.startsWith('from-'));

  it('are there for each of the predecessors and for PM2, and linked', () => {
    const expected = ['dutch-master', 'liveswap', 'naught', 'serverswap'].map((name) => `from-${name}.md`);
    expect(new Set(guides)).toEqual(new Set([...expected, 'from-pm2.md']));
    for (const guide of expected) expect(localLinks(document)).toContain(guide);
    for (const guide of guides) expect(localLinks(section(readme, 'More'))).toContain(`docs/${guide}`);
  });

  it.each(guides)('%s names commands', (guide) => {
    expect(evenkeelCommands(read(guide)).length).toBeGreaterThan(5);
  });

  const commands = guides.flatMap((guide) =>
    [...new Set(evenkeelCommands(read(guide)))].map((command) => ({ guide, command })),
  );

  it.each(commands)('$guide: $command: such a command, with such options', async ({ command }) => {
    const [name = '', ...words] = command.split(/\s+/);
    const entry = CATALOG.find((candidate) => candidate.name === name || candidate.aliases.includes(name));
    if (name === 'help') return;
    expect(entry, name).toBeDefined();
    const flags = Object.values((await entry?.load())?.options ?? {}).flatMap((option) => option.flags.split(/[ ,]+/));
    // What follows a script is the script's.
    const script = words.findIndex((word) => /\.m?js$/.test(word) && name === 'start');
    const own = (script < 0 ? words : words.slice(0, script)).filter((word) => word.startsWith('-'));
    for (const option of own) expect([...flags, '--json', '--profile', '--config', '-c']).toContain(option);
  });
});

/** What follows "evenkeel " in code, in the text and in blocks. */
function evenkeelCommands(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^evenkeel ([a-z-]+.*)$/gm)].map(([, command = '']) => command);
  const spans = codeIn(text.replaceAll(/^```[\s\S]*?^```$/gm, ''))
    .filter((code) => code.startsWith('evenkeel '))
    .map((code) => code.slice('evenkeel '.length));
  return [...blocks, ...spans].map((command) => command.replace(/\s+#.*$/, '').trim());
}
