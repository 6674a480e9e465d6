// What belongs to a script and what to evenkeel, on one command line.

import { describe, expect, it } from 'vitest';
import { CATALOG } from '../../src/cli/catalog.ts';
import { splitArguments } from '../../src/cli/split-arguments.ts';

const GLOBALS = ['-c, --config <file>', '--profile <name>', '--json', '--no-color'];

async function split(line: string): Promise<string> {
  const { ours, rest } = await splitArguments(line.split(' '), CATALOG, GLOBALS);
  return [...ours, '|', ...rest].join(' ');
}

describe('all that follows a script is its own', () => {
  it.each([
    'start server.js | ',
    'start ./server | -v',
    'start server.js | --workers 4 --foreground -- --json',
    'start --workers 4 --foreground server.js | --workers 5',
    'start --workers=4 --node-args --inspect.js server.js | a',
    'start --node-args=--inspect=x.js -- bin/a | b.js',
    'start --env A=./x --cwd ../y --stdout - ./server.js | z',
    '--json -c x.yaml start --profile p.q server.js | --json',
    'start --name web.js web.js | web.js',
    'start -- server.js | --json',
  ])('%s', async (line) => {
    const [before = '', after = ''] = line.split('|').map((part) => part.trim());
    expect(await split([before, after].filter(Boolean).join(' '))).toBe(
      `${before} |${after === '' ? '' : ` ${after}`}`,
    );
  });
});

describe('and nothing else is', () => {
  it.each([
    'start web api --json',
    'start --foreground',
    'start',
    'deploy web --script a/b.js --json',
    'logs a.b -f',
    'help start',
    'no-such-command a.js --json',
    '--no-such-option start',
    '-- start',
  ])('%s', async (line) => {
    expect(await split(line)).toBe(`${line} |`);
  });
});
