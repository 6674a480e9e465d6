import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';
import { numbersByWriter, rotatedContents, rotatedNames, upTo, wholeLog } from './read-log.ts';
import { numberedLines, openSink, PLAIN, writeNumbered } from './sink-rig.ts';

const KB = 1024;

describe('RotatingSink', () => {
  it('makes the folder, appends in order, and tells when all is in the file', async () => {
    const { sink, path, problems } = openSink();
    sink.write(Buffer.from('one\n'));
    sink.write(Buffer.from('two\nthree\n'));
    await sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n');
    expect(problems).toEqual([]);
  });

  it('makes the file before the first line, readable by owner and group', async () => {
    const umask = process.umask(0);
    onTestFinished(() => {
      process.umask(umask);
    });
    const { sink, path } = openSink();
    await sink.idle();
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('appends to the file of an earlier run, on a line of its own', async () => {
    const path = join(tempDir(), 'web.log');
    writeFileSync(path, 'old\nhalf a li');
    const { sink } = openSink({}, { path });
    sink.write(Buffer.from('new\n'));
    await sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('old\nhalf a li\nnew\n');
  });

  it('passes bytes through as they are', async () => {
    const { sink, path } = openSink();
    const bytes = Buffer.from([0, 255, 254, 13, 10, 10, 0xe2, 0x82, 10]);
    sink.write(bytes);
    await sink.flush();
    expect(readFileSync(path)).toEqual(bytes);
  });

  it('rotates when the size is reached, and never within a line', async () => {
    const { sink, path } = openSink({ maxSize: 10 });
    sink.write(Buffer.from('1234\n678\nabcdefghijkl\nxy\n'));
    sink.write(Buffer.from('123456\n89\nz\n'));
    await sink.flush();
    expect(rotatedContents(path)).toEqual(['1234\n678\nabcdefghijkl\n', 'xy\n123456\n']);
    expect(readFileSync(path, 'utf8')).toBe('89\nz\n');
  });

  it('rotates a file that is too large when it opens it', async () => {
    const path = join(tempDir(), 'web.log');
    writeFileSync(path, 'much too large\n');
    const { sink } = openSink({ maxSize: 10 }, { path });
    sink.write(Buffer.from('new\n'));
    await sink.flush();
    expect(rotatedContents(path)).toEqual(['much too large\n']);
    expect(readFileSync(path, 'utf8')).toBe('new\n');
  });

  it('rotates on demand, but no empty file', async () => {
    const { sink, path } = openSink();
    sink.rotate();
    await sink.idle();
    expect(rotatedNames(path)).toEqual([]);
    sink.write(Buffer.from('one\n'));
    await sink.flush();
    sink.rotate();
    sink.write(Buffer.from('two\n'));
    await sink.flush();
    expect(rotatedContents(path)).toEqual(['one\n']);
    expect(readFileSync(path, 'utf8')).toBe('two\n');
  });

  it('rotates by schedule', async () => {
    const { sink, path } = openSink({ schedule: '* * * * * *' });
    sink.write(Buffer.from('one\n'));
    await expect.poll(() => rotatedContents(path), { timeout: 5_000 }).toEqual(['one\n']);
    await sink.close(1_000);
  });

  it('loses, tears and mixes no line of several writers at full speed, through rotation, compression and changed settings', async () => {
    const rig = openSink({ maxSize: 64 * KB, compress: true });
    const writers = ['a', 'b', 'c', 'd'];
    const count = 20_000;
    const changes = (async () => {
      for (const maxSize of [500 * KB, 10 * KB, null, 100 * KB]) {
        await rig.sink.flush();
        rig.sink.apply({ ...PLAIN, maxSize, compress: maxSize !== null });
        rig.sink.rotate();
      }
    })();
    await Promise.all([changes, ...writers.map((writer) => writeNumbered(rig, writer, count))]);
    await rig.sink.flush();
    await rig.sink.idle();
    const numbers = numbersByWriter(wholeLog(rig.path));
    for (const writer of writers) expect(numbers.get(writer)).toEqual(upTo(count));
    expect(rotatedNames(rig.path).length).toBeGreaterThan(20);
    expect(rotatedNames(rig.path).every((name) => name.endsWith('.gz'))).toBe(true);
    expect(rig.problems).toEqual([]);
  });

  it('keeps exactly as many rotated files as asked for, the newest ones', async () => {
    const rig = openSink({ maxSize: 16 * KB, keep: 3, compress: true });
    await writeNumbered(rig, 'a', 5_000);
    await rig.sink.flush();
    await rig.sink.idle();
    expect(rotatedNames(rig.path)).toHaveLength(3);
    const numbers = numbersByWriter(wholeLog(rig.path)).get('a') ?? [];
    expect(numbers).toEqual(upTo(5_000).slice(-numbers.length));
    rig.sink.apply({ ...PLAIN, maxSize: 16 * KB, keep: 1 });
    await rig.sink.idle();
    expect(rotatedNames(rig.path)).toHaveLength(1);
  });

  it('keeps counting over restarts, and obeys a smaller number from then on', async () => {
    const first = openSink({ maxSize: 1 * KB, keep: 5 });
    await writeNumbered(first, 'a', 200);
    await first.sink.close(5_000);
    expect(rotatedNames(first.path)).toHaveLength(5);
    const second = openSink({ maxSize: 1 * KB, keep: 2 }, { path: first.path });
    second.sink.write(numberedLines('a', 200, 400));
    await second.sink.close(5_000);
    expect(rotatedNames(first.path)).toHaveLength(2);
    const numbers = numbersByWriter(wholeLog(first.path)).get('a') ?? [];
    expect(numbers).toEqual(upTo(400).slice(-numbers.length));
  });

  it('asks for a pause when it has much to write, and tells when it wants more', async () => {
    const rig = openSink();
    const lines = Buffer.alloc(300 * KB, `${'x'.repeat(99)}\n`);
    const answers = [1, 2, 3, 4].map(() => rig.sink.write(lines));
    expect(answers).toEqual([true, true, true, false]);
    await rig.drained();
    expect(rig.sink.full).toBe(false);
    await rig.sink.flush();
    expect(statSync(rig.path).size).toBe(4 * 300 * KB);
  });

  it('knows the size that the live file has with all lines up to a place', async () => {
    const path = join(tempDir(), 'web.log');
    writeFileSync(path, 'old\n');
    const { sink } = openSink({ maxSize: 20 }, { path });
    sink.write(Buffer.from('one\n'));
    const { position } = sink;
    sink.write(Buffer.from('two\n'));
    await sink.flush();
    expect(sink.sizeAt(position)).toBe(8);
    sink.write(Buffer.from('this rotates\n'));
    const afterRotation = sink.position;
    sink.write(Buffer.from('three\n'));
    await sink.flush();
    expect(sink.sizeAt(position)).toBe(0);
    expect(sink.sizeAt(afterRotation)).toBe(0);
    expect(sink.sizeAt(sink.position)).toBe(6);
  });

  it('writes everything before it closes', async () => {
    const { sink, path } = openSink({ maxSize: 10 * KB, compress: true });
    sink.write(numberedLines('a', 0, 3_000));
    await sink.close(10_000);
    expect(numbersByWriter(wholeLog(path)).get('a')).toEqual(upTo(3_000));
  });

  it('goes on behind lines that others append', async () => {
    const { sink, path } = openSink();
    sink.write(Buffer.from('one\n'));
    await sink.flush();
    appendFileSync(path, 'theirs\n');
    sink.write(Buffer.from('two\n'));
    await sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('one\ntheirs\ntwo\n');
  });

  it('never overwrites a file', async () => {
    const now = Date.UTC(2026, 0, 1);
    const path = join(tempDir(), 'logs', 'web.log');
    mkdirSync(dirname(path));
    const { sink } = openSink({ maxSize: 4 }, { path, now: () => now });
    await sink.idle();
    // Made by somebody else under the very name that is next.
    writeFileSync(join(dirname(path), 'web-20260101T000000.000Z.log'), 'theirs\n');
    sink.write(Buffer.from('one\ntwo\n'));
    await sink.flush();
    expect(rotatedContents(path)).toEqual(['theirs\n', 'one\n', 'two\n']);
  });

  it('goes on where others truncated the file', async () => {
    let now = 1_000_000;
    const { sink, path, problems } = openSink({}, { now: () => now });
    sink.write(Buffer.from('one\n'));
    await sink.flush();
    truncateSync(path);
    now += 10_000;
    sink.write(Buffer.from('two\n'));
    await sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('two\n');
    expect(existsSync(path)).toBe(true);
    expect(problems).toHaveLength(1);
  });
});
