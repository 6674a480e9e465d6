import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Archive, type ArchiveSettings } from '../../src/logs/archive.ts';
import { rotatedPath } from '../../src/logs/rotated-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { rotatedContents, rotatedNames } from './read-log.ts';

const START = Date.UTC(2026, 0, 1);
const ALL: ArchiveSettings = { keep: 100, compress: true };

interface Fixture {
  readonly live: string;
  readonly problems: string[];
  open(settings?: Partial<ArchiveSettings>): Promise<Archive>;
  /** Path of the nth rotated file. */
  rotated(n: number): string;
}

function fixture(): Fixture {
  const live = join(tempDir(), 'web.log');
  const problems: string[] = [];
  return {
    live,
    problems,
    rotated: (n) => rotatedPath(live, START + n),
    async open(settings = {}) {
      const archive = new Archive(
        live,
        { ...ALL, ...settings },
        () => START + 1_000,
        (message) => problems.push(message),
      );
      await archive.open();
      await archive.idle();
      return archive;
    },
  };
}

describe('Archive', () => {
  it('compresses what earlier runs left plain, and keeps its mode', async () => {
    const { live, rotated, open, problems } = fixture();
    writeFileSync(rotated(1), 'one\n', { mode: 0o600 });
    writeFileSync(rotated(2), 'two\n');
    await open();
    expect(rotatedContents(live)).toEqual(['one\n', 'two\n']);
    expect(rotatedNames(live).every((name) => name.endsWith('.log.gz'))).toBe(true);
    expect(statSync(`${rotated(1)}.gz`).mode & 0o777).toBe(0o600);
    expect(problems).toEqual([]);
  });

  it('leaves files plain where it shall not compress, and never expands one', async () => {
    const { rotated, open, live } = fixture();
    writeFileSync(`${rotated(1)}.gz`, gzipSync('one\n'));
    writeFileSync(rotated(2), 'two\n');
    await open({ compress: false });
    expect(rotatedContents(live)).toEqual(['one\n', 'two\n']);
    expect(existsSync(rotated(2))).toBe(true);
  });

  it.each([0, 1, 3])('keeps the newest %i files', async (keep) => {
    const { live, rotated, open } = fixture();
    for (const n of [1, 2, 3, 4, 5]) writeFileSync(rotated(n), `${n}\n`);
    await open({ keep });
    expect(rotatedContents(live)).toEqual(['1\n', '2\n', '3\n', '4\n', '5\n'].slice(5 - keep));
  });

  it('obeys changed settings at once', async () => {
    const { live, rotated, open } = fixture();
    for (const n of [1, 2, 3, 4, 5]) writeFileSync(rotated(n), `${n}\n`);
    const archive = await open({ compress: false });
    archive.apply({ keep: 2, compress: true });
    await archive.idle();
    expect(rotatedContents(live)).toEqual(['4\n', '5\n']);
    expect(rotatedNames(live).every((name) => name.endsWith('.gz'))).toBe(true);
  });

  it('touches no file of another stream', async () => {
    const { live, open } = fixture();
    const others = ['web.err-20200101T000000.000Z.log', 'web.log', 'web-2020.log', 'notes.gz.part'];
    for (const name of others) writeFileSync(join(dirname(live), name), 'x');
    await open({ keep: 0 });
    expect(new Set(readdirSync(dirname(live)))).toEqual(new Set(others));
  });

  it.each([
    ['while compressing', (path: string) => writeFileSync(`${path}.gz.part`, 'half')],
    ['after compressing', (path: string) => writeFileSync(`${path}.gz`, gzipSync('one\n'))],
  ])('finishes what a process killed %s left', async (_, leave) => {
    const { live, rotated, open } = fixture();
    writeFileSync(rotated(1), 'one\n');
    leave(rotated(1));
    await open();
    expect(readdirSync(dirname(live))).toEqual([`${rotated(1).slice(dirname(live).length + 1)}.gz`]);
    expect(gunzipSync(readFileSync(`${rotated(1)}.gz`)).toString()).toBe('one\n');
  });

  it('leaves a file alone that is not yet said to be complete', async () => {
    const { live, open } = fixture();
    const archive = await open({ keep: 0 });
    const name = archive.nextName();
    writeFileSync(name, 'coming\n');
    archive.apply({ keep: 0, compress: true });
    await archive.idle();
    expect(readFileSync(name, 'utf8')).toBe('coming\n');
    archive.rotated();
    await archive.idle();
    expect(rotatedNames(live)).toEqual([]);
  });

  it('leaves a file plain that it has no time to compress, for the next run', async () => {
    const { live, rotated, open } = fixture();
    const archive = await open({ compress: false });
    const name = archive.nextName();
    writeFileSync(name, Buffer.alloc(20_000_000, 'x\n'));
    archive.apply(ALL);
    archive.rotated();
    await archive.close(0);
    expect(readdirSync(dirname(live))).toEqual([name.slice(dirname(live).length + 1)]);
    expect(rotated(1_000)).toBe(name);
  });

  it('tells once what it cannot do', async () => {
    const { live, rotated, open, problems } = fixture();
    writeFileSync(rotated(1), 'one\n');
    const archive = await open({ compress: false });
    // Nobody but a folder can be in the way of a user who may do all.
    mkdirSync(join(`${rotated(1)}.gz.part`, 'in the way'), { recursive: true });
    archive.apply(ALL);
    await archive.idle();
    archive.apply(ALL);
    await archive.idle();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(live);
    expect(readFileSync(rotated(1), 'utf8')).toBe('one\n');
  });
});
