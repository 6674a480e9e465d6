import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { followFile } from '../../src/logs/follow-file.ts';
import { rotatedPath } from '../../src/logs/rotated-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { numbersByWriter, upTo } from './read-log.ts';
import { openSink, writeNumbered } from './sink-rig.ts';
import { waitUntil } from './wait-until.ts';

const START = Date.UTC(2026, 0, 1);

interface Following {
  readonly lines: string[];
  /** Resolves when the last line is this one. */
  until(line: string): Promise<void>;
  stop(): Promise<void>;
}

function follow(path: string, from = 0): Following {
  const lines: string[] = [];
  const abort = new AbortController();
  const done = followFile(path, from, (line) => lines.push(line), abort.signal);
  const stop = (): Promise<void> => {
    abort.abort();
    return done;
  };
  onTestFinished(stop);
  return { lines, stop, until: (line) => waitUntil(`the line ${line}`, () => lines.at(-1) === line) };
}

describe('followFile', () => {
  it('gives lines as they are finished, from the given place on', async () => {
    const path = join(tempDir(), 'web.log');
    writeFileSync(path, 'old\none\n');
    const following = follow(path, 4);
    await following.until('one');
    appendFileSync(path, 'two\nthr');
    await following.until('two');
    appendFileSync(path, 'ee\n');
    await following.until('three');
    expect(following.lines).toEqual(['one', 'two', 'three']);
    await following.stop();
  });

  it('waits for a file that does not exist', async () => {
    const path = join(tempDir(), 'web.log');
    const following = follow(path);
    writeFileSync(path, 'one\n');
    await following.until('one');
    expect(following.lines).toEqual(['one']);
  });

  it('waits for a folder that does not exist', async () => {
    const folder = join(tempDir(), 'logs');
    const following = follow(join(folder, 'web.log'));
    mkdirSync(folder);
    writeFileSync(join(folder, 'web.log'), 'one\n');
    await following.until('one');
  });

  it('reads all that was rotated between two looks, compressed or not', async () => {
    const path = join(tempDir(), 'web.log');
    writeFileSync(`${rotatedPath(path, START)}.gz`, gzipSync('long ago\n'));
    writeFileSync(path, 'one\n');
    const following = follow(path);
    await following.until('one');
    appendFileSync(path, 'two\n');
    renameSync(path, rotatedPath(path, START + 1));
    writeFileSync(`${rotatedPath(path, START + 2)}.gz`, gzipSync('three\n'));
    writeFileSync(rotatedPath(path, START + 3), 'four\n');
    writeFileSync(path, 'five\n');
    await following.until('five');
    expect(following.lines).toEqual(['one', 'two', 'three', 'four', 'five']);
  });

  it('starts over where the file was truncated or replaced', async () => {
    const path = join(tempDir(), 'web.log');
    writeFileSync(path, 'one and more\n');
    const following = follow(path);
    await following.until('one and more');
    truncateSync(path);
    appendFileSync(path, 'two\n');
    await following.until('two');
    rmSync(path);
    writeFileSync(path, 'three\n');
    await following.until('three');
    expect(following.lines).toEqual(['one and more', 'two', 'three']);
  });

  it('misses and repeats no line of a sink that rotates all the time', async () => {
    const rig = openSink({ maxSize: 20_000, compress: true });
    await rig.sink.idle();
    const following = follow(rig.path, statSync(rig.path).size);
    const count = 20_000;
    await writeNumbered(rig, 'a', count);
    await rig.sink.flush();
    await waitUntil('the last line', () => following.lines.at(-1)?.startsWith(`a ${count - 1} `) === true);
    expect(numbersByWriter(`${following.lines.join('\n')}\n`).get('a')).toEqual(upTo(count));
  });

  it('ends at once when it is told to', async () => {
    const path = join(tempDir(), 'web.log');
    writeFileSync(path, '');
    await follow(path).stop();
  });
});
