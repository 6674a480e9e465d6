import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rotatedPath } from '../../src/logs/rotated-files.ts';
import { lastLinesOfFile } from '../../src/logs/tail.ts';
import { tempDir } from '../support/temp-dir.ts';
import { upTo } from './read-log.ts';

const START = Date.UTC(2026, 0, 1);

/** A log of two compressed files, one plain and the live one: lines "1" to "8". */
function rotatedLog(): string {
  const path = join(tempDir(), 'web.log');
  writeFileSync(`${rotatedPath(path, START)}.gz`, gzipSync('1\n2\n'));
  writeFileSync(`${rotatedPath(path, START + 1)}.gz`, gzipSync('3\n4\n'));
  writeFileSync(rotatedPath(path, START + 2), '5\n6\n');
  writeFileSync(path, '7\n8\n');
  return path;
}

describe('lastLinesOfFile', () => {
  it.each([
    [0, []],
    [1, ['8']],
    [2, ['7', '8']],
    [3, ['6', '7', '8']],
    [5, ['4', '5', '6', '7', '8']],
    [8, ['1', '2', '3', '4', '5', '6', '7', '8']],
    [99, ['1', '2', '3', '4', '5', '6', '7', '8']],
  ])('reads %i lines, on into rotated files', async (count, expected) => {
    expect(await lastLinesOfFile(rotatedLog(), count)).toEqual(expected);
  });

  it('reads up to a size of the live file', async () => {
    const path = rotatedLog();
    expect(await lastLinesOfFile(path, 2, 2)).toEqual(['6', '7']);
    expect(await lastLinesOfFile(path, 2, 0)).toEqual(['5', '6']);
    expect(await lastLinesOfFile(path, 2, 1_000)).toEqual(['7', '8']);
  });

  it('agrees with reading the whole file, for lines of all lengths', async () => {
    const path = join(tempDir(), 'web.log');
    const line = fc.oneof(
      { weight: 5, arbitrary: fc.string({ unit: fc.constantFrom('a', '€', ' '), maxLength: 20 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 140_000 }).map((length) => 'x'.repeat(length)) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.nat(15), fc.boolean(), async (lines, count, ended) => {
        const whole = lines.join('\n') + (ended && lines.length > 0 ? '\n' : '');
        writeFileSync(path, whole);
        const expected = whole === '' ? [] : whole.replace(/\n$/, '').split('\n');
        expect(await lastLinesOfFile(path, count)).toEqual(count === 0 ? [] : expected.slice(-count));
      }),
      { numRuns: 100 },
    );
  });

  it('finds the last lines of a large compressed file', async () => {
    const path = join(tempDir(), 'web.log');
    const lines = upTo(50_000).map((n) => `line ${n}`);
    writeFileSync(`${rotatedPath(path, START)}.gz`, gzipSync(`${lines.join('\n')}\n`));
    expect(await lastLinesOfFile(path, 300)).toEqual(lines.slice(-300));
  });

  it('reads what it can of a damaged file', async () => {
    const path = rotatedLog();
    writeFileSync(`${rotatedPath(path, START + 1)}.gz`, 'no gzip');
    expect(await lastLinesOfFile(path, 6)).toEqual(['1', '2', '5', '6', '7', '8']);
  });

  it.each(['none', 'none/web.log', 'folder'])('finds nothing in %s', async (name) => {
    const folder = tempDir();
    mkdirSync(join(folder, 'folder'));
    expect(await lastLinesOfFile(join(folder, name), 5)).toEqual([]);
  });
});
