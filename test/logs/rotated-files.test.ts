import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listRotated, parseRotated, rotatedPath } from '../../src/logs/rotated-files.ts';
import { RotationNames } from '../../src/logs/rotation-names.ts';
import { tempDir } from '../support/temp-dir.ts';

const TIME = Date.UTC(2026, 0, 31, 23, 59, 59, 123);
const date = fc.integer({ min: 0, max: Date.UTC(9999, 0) });

describe('names of rotated files', () => {
  it.each([
    ['/logs/web.out.log', '/logs/web.out-20260131T235959.123Z.log'],
    ['/logs/web', '/logs/web-20260131T235959.123Z'],
    ['/logs/.log', '/logs/.log-20260131T235959.123Z'],
  ])('stand beside the live file: %s', (live, rotated) => {
    expect(rotatedPath(live, TIME)).toBe(rotated);
  });

  it('are recognised, and sort in the order of time', () => {
    fc.assert(
      fc.property(date, date, (a, b) => {
        const first = rotatedPath('/logs/web.log', a);
        expect(parseRotated('/logs/web.log', first.slice('/logs/'.length))).toEqual({
          path: first,
          time: a,
          compressed: false,
        });
        const second = rotatedPath('/logs/web.log', b);
        expect(Math.sign(a - b)).toBe(first < second ? -1 : Number(first > second));
      }),
    );
  });

  it.each([
    'web.log',
    'web.log.gz',
    'web-20260131T235959.123Z.txt',
    'web-20260131T235959.123Z.log.gz.part',
    'web-20261331T235959.123Z.log',
    'web.err-20260131T235959.123Z.log',
    'webs-20260131T235959.123Z.log',
    'web-yesterday.log',
  ])('do not take in %s', (name) => {
    expect(parseRotated('/logs/web.log', name)).toBeNull();
  });
});

describe('listRotated', () => {
  it('lists only this stream, oldest first', async () => {
    const folder = tempDir();
    const names = [
      'web-20260101T000000.000Z.log',
      'web-20250101T000000.000Z.log.gz',
      'web.err-20250101T000000.000Z.log',
      'web.log',
    ];
    for (const name of names) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, 'other'));
    const files = await listRotated(join(folder, 'web.log'));
    expect(files.map(({ path, compressed }) => [path, compressed])).toEqual([
      [join(folder, 'web-20250101T000000.000Z.log.gz'), true],
      [join(folder, 'web-20260101T000000.000Z.log'), false],
    ]);
  });

  it('finds nothing in a folder that does not exist', async () => {
    expect(await listRotated(join(tempDir(), 'none', 'web.log'))).toEqual([]);
  });
});

describe('RotationNames', () => {
  it('gives a later name each time, even if the clock stands still or goes back', async () => {
    const live = join(tempDir(), 'web.log');
    const times = [TIME, TIME, TIME - 60_000];
    const names = new RotationNames(live, () => times.shift() ?? 0);
    await names.load();
    const given = [names.next(), names.next(), names.next()];
    expect(given).toEqual([TIME, TIME + 1, TIME + 2].map((time) => rotatedPath(live, time)));
  });

  it('gives names behind those of earlier runs', async () => {
    const live = join(tempDir(), 'web.log');
    writeFileSync(`${rotatedPath(live, TIME + 5_000)}.gz`, '');
    const names = new RotationNames(live, () => TIME);
    await names.load();
    expect(names.next()).toBe(rotatedPath(live, TIME + 5_001));
  });
});
