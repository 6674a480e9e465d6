import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { openRotatingFile, type WriteOutcome } from '../../src/logs/rotating-file.ts';
import { bundleProgram } from '../support/bundle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FullDisk } from './full-disk.ts';
import { numbersByWriter, rotatedNames, upTo, wholeLog } from './read-log.ts';
import { numberedLines, openSink, PLAIN, writeNumbered } from './sink-rig.ts';
import { waitUntil } from './wait-until.ts';

const MB = 1024 * 1024;

describe('a log file that others take away', () => {
  it.each([
    ['the file is removed', (path: string) => rmSync(path)],
    ['its folder is removed', (path: string) => rmSync(dirname(path), { recursive: true })],
  ])('is made anew when %s, and says so once', async (_, takeAway) => {
    let now = Date.UTC(2026, 0, 1);
    const { sink, path, problems } = openSink({}, { now: () => now });
    sink.write(Buffer.from('one\n'));
    await sink.flush();
    takeAway(path);
    now += 2_000;
    sink.write(Buffer.from('two\n'));
    sink.write(Buffer.from('three\n'));
    await sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('two\nthree\n');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(path);
  });

  it('loses nothing when it is moved', async () => {
    let now = Date.UTC(2026, 0, 1);
    const { sink, path } = openSink({}, { now: () => now });
    sink.write(Buffer.from('one\n'));
    await sink.flush();
    renameSync(path, `${path}.1`);
    sink.write(Buffer.from('two\n'));
    await sink.flush();
    now += 2_000;
    sink.write(Buffer.from('three\n'));
    await sink.flush();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\ntwo\n');
    expect(readFileSync(path, 'utf8')).toBe('three\n');
  });

  it('loses nothing when its folder is gone at a rotation', async () => {
    const { sink, path } = openSink({ maxSize: 100 });
    sink.write(Buffer.from('one\n'));
    await sink.flush();
    rmSync(dirname(path), { recursive: true });
    sink.rotate();
    sink.write(Buffer.from('two\n'));
    await sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('two\n');
  });
});

describe('a log file that cannot be opened', () => {
  it('keeps the lines, holds up nobody, and tells once when it begins and once when it is over', async () => {
    const path = join(tempDir(), 'web.log');
    mkdirSync(path);
    const { sink, problems } = openSink({}, { path });
    sink.write(numberedLines('a', 0, 10));
    await waitUntil('a problem is told', () => problems.length > 0);
    await sink.flush();
    sink.write(numberedLines('a', 10, 20));
    rmdirSync(path);
    await waitUntil('it works again', () => problems.length > 1);
    await sink.flush();
    expect(numbersByWriter(wholeLog(path)).get('a')).toEqual(upTo(20));
    expect(problems).toEqual([
      expect.stringMatching(`^cannot write ${path}: .*not a file`),
      expect.stringMatching(`^writing ${path} again after \\d+ s; no line was lost$`),
    ]);
  });

  it('tells how many lines were lost when it is closed meanwhile', async () => {
    const path = join(tempDir(), 'web.log');
    mkdirSync(path);
    const { sink, problems } = openSink({}, { path });
    sink.write(numberedLines('a', 0, 7));
    await sink.close(1_000);
    expect(problems.at(-1)).toBe(`closed ${path}; 7 lines were lost`);
  });
});

describe('a full disk', () => {
  it('costs nothing when it is full for a while: each line is there once and whole', async () => {
    const disk = new FullDisk(1_000);
    const { sink, path, problems } = openSink({}, { openFile: disk.openFile });
    sink.write(numberedLines('a', 0, 100));
    await waitUntil('a problem is told', () => problems.length > 0);
    expect(disk.content).toHaveLength(1_000);
    sink.write(numberedLines('a', 100, 200));
    disk.capacity = 10 * MB;
    await waitUntil('it works again', () => problems.length > 1);
    await sink.flush();
    expect(numbersByWriter(disk.content.toString()).get('a')).toEqual(upTo(200));
    expect(problems).toEqual([
      `cannot write ${path}: ENOSPC: no space left; newest lines may be lost until that is put right`,
      expect.stringMatching(/again after \d+ s; no line was lost$/),
    ]);
    await sink.close(1_000);
    expect(disk.open).toBe(0);
  });

  it('lets the workers go on, keeps what it can, and counts the rest', async () => {
    const disk = new FullDisk(0);
    const rig = openSink({}, { openFile: disk.openFile });
    const line = `${'x'.repeat(1023)}\n`;
    const megabyte = Buffer.from(line.repeat(1024));
    const drained = rig.drained();
    expect(rig.sink.write(megabyte)).toBe(false);
    await drained;
    expect([1, 2, 3, 4, 5].map(() => rig.sink.write(megabyte))).toEqual(Array(5).fill(true));
    disk.capacity = 100 * MB;
    await waitUntil('it works again', () => rig.problems.length > 1);
    await rig.sink.flush();
    expect(rig.problems[1]).toMatch(/; 2048 lines were lost$/);
    expect(disk.content.toString()).toBe(line.repeat(4 * 1024));
  });

  it('that hangs does not hold up the end, and tells how many lines it may have cost', async () => {
    const { sink, path, problems } = openSink(
      {},
      {
        openFile: (options) =>
          new FullDisk(0).openFile(options).then((outcome) => {
            if (outcome.kind === 'failed') return outcome;
            return { ...outcome, file: { ...outcome.file, size: 0, write: () => new Promise(() => undefined) } };
          }),
      },
    );
    sink.write(numberedLines('a', 0, 3));
    await sink.close(50);
    expect(problems).toEqual([`cannot close ${path} in time; at most 3 lines were lost`]);
  });

  it('that is slow first and hangs then has one deadline for both', async () => {
    const written = deferred<WriteOutcome>();
    const { sink } = openSink(
      {},
      {
        openFile: (options) =>
          new FullDisk(0).openFile(options).then((outcome) => {
            if (outcome.kind === 'failed') return outcome;
            const close = (): Promise<void> => new Promise(() => undefined);
            return { ...outcome, file: { ...outcome.file, size: 0, write: () => written.promise, close } };
          }),
      },
    );
    await sink.idle();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    sink.write(numberedLines('a', 0, 3));
    let closed = false;
    void sink.close(1_000).then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(900);
    written.resolve({ kind: 'written' });
    await vi.advanceTimersByTimeAsync(110);
    expect(closed).toBe(true);
  });

  // The limit on the size of a file acts as a full disk does: a write that takes a part only, then an error.
  it.skipIf(!existsSync('/usr/bin/prlimit'))('that is real tears no line either', async () => {
    const path = join(tempDir(), 'web.log');
    const { program, folder } = bundleProgram(`
      import { RotatingSink } from './src/logs/rotating-sink.ts';
      const settings = { maxSize: null, schedule: null, keep: 1, compress: false };
      const sink = new RotatingSink({ path: process.argv[2], settings, onProblem: (message) => console.log(message) });
      for (let n = 0; n < 20000; n += 1) sink.write(Buffer.from('a ' + n + ' xxxxx\\n'));
      process.stdin.on('data', async () => {
        await sink.close(5000);
        process.exit();
      });
    `);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const child = spawn('sh', ['-c', `ulimit -S -f 64 && exec "$0" "$@"`, process.execPath, program, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const lines = problemsOf(child);
    expect((await lines.next()).value).toMatch(/cannot write .*EFBIG/);
    execFileSync('/usr/bin/prlimit', ['--pid', `${child.pid}`, '--fsize=unlimited']);
    expect((await lines.next()).value).toMatch(/writing .* again .* no line was lost/);
    child.stdin?.write('close\n');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(numbersByWriter(wholeLog(path)).get('a')).toEqual(upTo(20_000));
  });
});

describe('a log file that cannot be rotated', () => {
  it('grows, loses nothing, and rotates when it can again', async () => {
    let now = Date.UTC(2026, 0, 1);
    let blocked: boolean = true;
    const rig = openSink(
      { maxSize: 1_000 },
      {
        now: () => now,
        openFile: (options) =>
          openRotatingFile(blocked ? { ...options, nextName: () => join(options.path, 'no folder') } : options),
      },
    );
    await writeNumbered(rig, 'a', 200);
    await rig.sink.flush();
    expect(rotatedNames(rig.path)).toEqual([]);
    expect(numbersByWriter(wholeLog(rig.path)).get('a')).toEqual(upTo(200));
    blocked = false;
    now += 61_000;
    rig.sink.write(numberedLines('a', 200, 400));
    await rig.sink.flush();
    await rig.sink.idle();
    expect(rotatedNames(rig.path).length).toBeGreaterThan(5);
    expect(numbersByWriter(wholeLog(rig.path)).get('a')).toEqual(upTo(400));
    expect(rig.problems).toEqual([
      expect.stringMatching(`^cannot rotate ${rig.path}: ENOTDIR`),
      `rotating ${rig.path} again`,
    ]);
  });

  it('goes on when a rotation on demand fails', async () => {
    const { sink, path, problems } = openSink(
      {},
      { openFile: (options) => openRotatingFile({ ...options, nextName: () => join(options.path, 'no folder') }) },
    );
    sink.write(Buffer.from('one\n'));
    await sink.flush();
    sink.rotate();
    sink.write(Buffer.from('two\n'));
    await sink.flush();
    sink.apply({ ...PLAIN, maxSize: 1_000_000 });
    sink.write(Buffer.from('three\n'));
    await sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n');
    expect(problems).toHaveLength(1);
  });
});

function problemsOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error('no stdout');
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}
