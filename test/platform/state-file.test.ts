import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readStateFile, StateFile, writeStateFile } from '../../src/platform/state-file.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const noError = (error: unknown): void => {
  throw error;
};

describe('writeStateFile and readStateFile', () => {
  it('gives back any JSON value', async () => {
    const path = join(tempDir(), 'state.json');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        await writeStateFile(path, value);
        // JSON knows no negative zero.
        expect(readStateFile(path)).toEqual({ kind: 'ok', value: JSON.parse(JSON.stringify(value)) });
      }),
      { numRuns: 30 },
    );
  });

  it.each(['000', '022'])('is readable by its owner only, under umask %s', async (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => {
      process.umask(before);
    });
    const path = join(tempDir(), 'state.json');
    await writeStateFile(path, {});
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('tightens the mode of a file that it replaces', async () => {
    const path = join(tempDir(), 'state.json');
    writeFileSync(path, '');
    chmodSync(path, 0o666);
    await writeStateFile(path, {});
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves the old file and no temporary one when it fails', async () => {
    const path = join(tempDir(), 'state.json');
    await writeStateFile(path, 'old');
    const circular: { self?: unknown } = {};
    circular.self = circular;
    await expect(writeStateFile(path, circular)).rejects.toThrow();
    expect(readdirSync(dirname(path))).toEqual(['state.json']);
    expect(readStateFile(path)).toEqual({ kind: 'ok', value: 'old' });
  });

  it('removes its temporary file when the last step fails', async () => {
    const path = join(tempDir(), 'state.json');
    mkdirSync(join(path, 'in the way'), { recursive: true });
    await expect(writeStateFile(path, {})).rejects.toThrow();
    expect(readdirSync(dirname(path))).toEqual(['state.json']);
  });

  it('says that there is none', () => {
    expect(readStateFile(join(tempDir(), 'state.json'))).toEqual({ kind: 'missing' });
  });

  it.each([
    ['an empty file', ''],
    ['half a document', '{"version":1,"data":{"apps":[{"na'],
    ['zeros, as a power cut leaves them', '\0\0\0\0'],
    ['another document', '[1]'],
    ['null', 'null'],
    ['no version', '{"data":1}'],
    ['a version that is none', '{"version":"1","data":1}'],
    ['version 0', '{"version":0,"data":1}'],
    ['no data', '{"version":1}'],
  ])('sets %s aside', (_name, text) => {
    const path = join(tempDir(), 'state.json');
    writeFileSync(path, text);
    const movedTo = `${path}.corrupt-2026-01-02T03:04:05.678Z`;
    expect(readStateFile(path, new Date('2026-01-02T03:04:05.678Z'))).toEqual({ kind: 'corrupt', movedTo });
    expect(readFileSync(movedTo, 'utf8')).toBe(text);
    expect(readStateFile(path)).toEqual({ kind: 'missing' });
  });

  it('sets a directory in its place aside', () => {
    const path = join(tempDir(), 'state.json');
    mkdirSync(path);
    expect(readStateFile(path)).toMatchObject({ kind: 'corrupt' });
    expect(existsSync(path)).toBe(false);
  });

  it.each(['{"version":2,"data":{}}', '{"version":2,"state":{}}'])(
    'leaves what a newer evenkeel wrote where it is: %s',
    (text) => {
      const path = join(tempDir(), 'state.json');
      writeFileSync(path, text);
      expect(readStateFile(path)).toEqual({ kind: 'newer', version: 2 });
      expect(readFileSync(path, 'utf8')).toBe(text);
    },
  );
});

describe('StateFile', () => {
  it('ends with the latest value, however many were saved', async () => {
    const path = join(tempDir(), 'state.json');
    const file = new StateFile(path, { onError: noError });
    for (let value = 1; value <= 100; value++) file.save(value);
    expect(await file.flush()).toBe(true);
    expect(readStateFile(path)).toEqual({ kind: 'ok', value: 100 });
  });

  it('flushes what is saved while it flushes', async () => {
    const path = join(tempDir(), 'state.json');
    const file = new StateFile(path, { onError: noError });
    file.save('first');
    const flushed = file.flush();
    file.save('second');
    await flushed;
    expect(readStateFile(path)).toEqual({ kind: 'ok', value: 'second' });
  });

  it('has nothing to flush before the first save', async () => {
    const path = join(tempDir(), 'state.json');
    expect(await new StateFile(path, { onError: noError }).flush()).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it('tells of a failed write, keeps the value and writes it when that is possible again', async () => {
    const [folder, clock, onError] = [join(tempDir(), 'gone'), new FakeClock(), vi.fn()];
    const file = new StateFile(join(folder, 'state.json'), { onError, clock });
    file.save('kept');
    expect(await file.flush()).toBe(false);
    expect(onError).toHaveBeenCalled();
    mkdirSync(folder);
    clock.advance(1000);
    expect(await file.flush()).toBe(true);
    expect(readStateFile(join(folder, 'state.json'))).toEqual({ kind: 'ok', value: 'kept' });
    expect(clock.armed).toBe(0);
  });

  it('tells once that writing fails, however often it is tried, and once that it works again', async () => {
    const [folder, clock, told] = [join(tempDir(), 'gone'), new FakeClock(), [] as string[]];
    const file = new StateFile(join(folder, 'state.json'), {
      onError: () => told.push('fails'),
      onRecovery: () => told.push('works'),
      clock,
    });
    for (let round = 0; round < 5; round++) {
      file.save(round);
      await file.flush();
      clock.advance(1000);
      file.saveNow(round);
      await file.flush();
    }
    expect(told).toEqual(['fails']);
    mkdirSync(folder);
    for (let round = 0; round < 3; round++) {
      file.save(round);
      await file.flush();
    }
    expect(told).toEqual(['fails', 'works']);
  });

  it('prefers a newer value over the one that failed', async () => {
    const folder = join(tempDir(), 'gone');
    const file = new StateFile(join(folder, 'state.json'), { onError: () => {}, clock: new FakeClock() });
    file.save('old');
    await file.flush();
    mkdirSync(folder);
    file.save('new');
    expect(await file.flush()).toBe(true);
    expect(readStateFile(join(folder, 'state.json'))).toEqual({ kind: 'ok', value: 'new' });
  });

  it('tries nothing again once closed', async () => {
    const [clock, folder] = [new FakeClock(), tempDir()];
    const file = new StateFile(join(folder, 'gone', 'state.json'), { onError: () => {}, clock });
    file.save(1);
    expect(await file.close()).toBe(false);
    expect(clock.armed).toBe(0);
  });

  it('writes nothing once closed: the file may be another process’s by then', async () => {
    const path = join(tempDir(), 'state.json');
    const file = new StateFile(path, { onError: noError });
    file.save('last');
    expect(await file.close()).toBe(true);
    file.saveNow('too late');
    expect(readStateFile(path)).toEqual({ kind: 'ok', value: 'last' });
    file.save('too late');
    await file.flush();
    expect(readStateFile(path)).toEqual({ kind: 'ok', value: 'last' });
  });

  it('has written when saveNow returns, and an older value that is being written does not come after it', async () => {
    const path = join(tempDir(), 'state.json');
    const file = new StateFile(path, { onError: noError });
    for (let round = 0; round < 50; round++) {
      file.save(`older ${round}`);
      // Whatever point the writing of the older one has come to.
      for (let turn = 0; turn < round; turn++) await Promise.resolve();
      if (round % 2 === 1) await new Promise(setImmediate);
      file.saveNow(`newer ${round}`);
      expect(readStateFile(path)).toEqual({ kind: 'ok', value: `newer ${round}` });
      let seen: unknown = null;
      const flushed = file.flush().then(() => {
        seen = 'flushed';
      });
      while (seen === null) {
        expect(readStateFile(path)).toEqual({ kind: 'ok', value: `newer ${round}` });
        await new Promise(setImmediate);
      }
      await flushed;
    }
    expect(readdirSync(dirname(path))).toEqual(['state.json']);
  });

  it('tells of a saveNow that failed, and writes the value later', async () => {
    const [folder, clock, onError] = [join(tempDir(), 'gone'), new FakeClock(), vi.fn()];
    const file = new StateFile(join(folder, 'state.json'), { onError, clock });
    file.saveNow('kept');
    expect(onError).toHaveBeenCalled();
    await file.flush();
    mkdirSync(folder);
    clock.advance(1000);
    expect(await file.flush()).toBe(true);
    expect(readStateFile(join(folder, 'state.json'))).toEqual({ kind: 'ok', value: 'kept' });
  });

  it('writes what is saved when it has just had its last look', async () => {
    const path = join(tempDir(), 'gone', 'state.json');
    const clock = new FakeClock();
    const file = new StateFile(path, {
      clock,
      onError: vi.fn(),
      // The next turn comes behind the look, and before the end is noted.
      onRecovery: () => queueMicrotask(() => file.save('late')),
    });
    file.save('early');
    await file.flush();
    mkdirSync(dirname(path));
    clock.advance(1000);
    expect(await file.flush()).toBe(true);
    expect(readStateFile(path)).toEqual({ kind: 'ok', value: 'late' });
  });

  it('removes what a predecessor left that was killed while it wrote', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'state.json.tmp-1-abc'), 'ha');
    writeFileSync(join(folder, 'other.json.tmp-1-abc'), 'not ours');
    const file = new StateFile(join(folder, 'state.json'), { onError: noError });
    file.save(1);
    await file.flush();
    expect(readdirSync(folder).sort()).toEqual(['other.json.tmp-1-abc', 'state.json']);
    rmSync(join(folder, 'state.json'));
  });
});
