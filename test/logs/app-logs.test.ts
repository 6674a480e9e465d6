import { existsSync, readFileSync, statSync } from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { LogSpec, LogTarget } from '../../src/core/spec.ts';
import { openAppLogs } from '../../src/logs/app-logs.ts';
import { nextLine, openRig, TIME } from './app-logs-rig.ts';
import { numbersByWriter, rotatedNames, upTo, wholeLog } from './read-log.ts';
import { numberedLines } from './sink-rig.ts';
import { workerStub } from './worker-stub.ts';

describe('the files of an app', () => {
  it('take the lines of all workers, each stream in its own', async () => {
    const { logs, out, err } = openRig();
    const [a, b] = [workerStub(0), workerStub(1)];
    const ends = [logs.attach(a).ended, logs.attach(b).ended];
    a.stdout.write('a1\na');
    b.stdout.write('b1\n');
    b.stderr.write('oops\n');
    a.stdout.write('2\n');
    a.end();
    b.end();
    await Promise.all(ends);
    expect(readFileSync(out, 'utf8').split('\n').sort()).toEqual(['', 'a1', 'a2', 'b1']);
    expect(readFileSync(err, 'utf8')).toBe('oops\n');
  });

  it('can be one file for both streams', async () => {
    const { logs, out } = openRig((file) => ({ stderr: file('out.log') }));
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    worker.stdout.write('out\n');
    worker.stderr.write('err\n');
    worker.end();
    await ended;
    expect(readFileSync(out, 'utf8').split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('lose, tear and mix no line of workers that write faster than the disk, in chunks of any size', async () => {
    const { logs, out, problems } = openRig(() => ({ maxSize: 300_000, compress: true }));
    const count = 20_000;
    const writers = ['a', 'b', 'c'].map((name, slot) => ({ name, worker: workerStub(slot) }));
    const ends = writers.map(({ worker }) => logs.attach(worker).ended);
    await Promise.all(
      writers.map(async ({ name, worker }, index) => {
        const bytes = numberedLines(name, 0, count);
        const step = [65_536, 1_003, 7_777][index] ?? 1;
        for (let at = 0; at < bytes.length; at += step) {
          if (!worker.stdout.write(bytes.subarray(at, at + step))) {
            await new Promise((resolve) => worker.stdout.once('drain', resolve));
          }
        }
        worker.end();
      }),
    );
    await Promise.all(ends);
    // Compressing takes its time.
    await logs.close(10_000);
    const numbers = numbersByWriter(wholeLog(out));
    for (const { name } of writers) expect(numbers.get(name)).toEqual(upTo(count));
    expect(rotatedNames(out).length).toBeGreaterThan(5);
    expect(problems).toEqual([]);
  });

  it('get the end of a line that a worker dies in', async () => {
    const { logs, out } = openRig();
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    worker.stdout.write('whole\nhalf');
    worker.stdout.destroy(new Error('read EIO'));
    worker.stderr.end();
    await ended;
    expect(readFileSync(out, 'utf8')).toMatch(/^(whole\nhalf\n)?$/);
  });

  it('get the time before each line where that is asked for', async () => {
    const { logs, out, spec } = openRig(() => ({ timestamps: true }));
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    const seen = nextLine(logs);
    worker.stdout.write('one\n');
    expect(await seen).toEqual({ slot: 0, stream: 'stdout', line: '2026-01-31T00:00:00.000Z one' });
    await logs.apply({ ...spec, timestamps: false });
    worker.stdout.write('two\n');
    worker.end();
    await ended;
    expect(readFileSync(out, 'utf8')).toBe('2026-01-31T00:00:00.000Z one\ntwo\n');
    expect(logs.lastLines(worker.key)).toEqual(['one', 'two']);
  });

  it('change while the app runs, without losing a line', async () => {
    const { logs, out, spec } = openRig();
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    const seen = nextLine(logs);
    worker.stdout.write('one\ntw');
    await seen;
    const other = `${out}.other`;
    await logs.apply({ ...spec, stdout: { kind: 'file', path: other }, keep: 3 });
    worker.stdout.write('o\n');
    worker.end();
    await ended;
    expect(readFileSync(out, 'utf8')).toBe('one\n');
    expect(readFileSync(other, 'utf8')).toBe('two\n');
  });

  it('make workers go on when they are no longer waited for', async () => {
    const stuck = new PassThrough({ highWaterMark: 1 });
    const { logs, spec, out } = openRig(() => ({ stdout: { kind: 'inherit' } }), stuck);
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    const seen = nextLine(logs);
    worker.stdout.write('one\n');
    await seen;
    expect(worker.stdout.isPaused()).toBe(true);
    await Promise.all([logs.apply({ ...spec, stdout: { kind: 'file', path: out } }), text(stuck.end())]);
    worker.stdout.write('two\n');
    worker.end();
    await ended;
    expect(readFileSync(out, 'utf8')).toBe('two\n');
  });

  it('are not made for a stream that is off; its lines are remembered', async () => {
    const { logs, out } = openRig(() => ({ stdout: { kind: 'off' } }));
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    worker.stdout.write('why it failed\n');
    worker.end();
    await ended;
    expect(existsSync(out)).toBe(false);
    expect(logs.lastLines(worker.key)).toEqual(['why it failed']);
  });

  it('have everything that was read when the logs are closed', async () => {
    const { logs, out } = openRig();
    const worker = workerStub(0);
    logs.attach(worker);
    const seen = nextLine(logs);
    worker.stdout.write('one\ntwo');
    await seen;
    await logs.close();
    expect(readFileSync(out, 'utf8')).toBe('one\ntwo\n');
  });
});

describe('a stream that goes to the manager’s own', () => {
  it('gets whole lines, and the workers wait for it', async () => {
    const stdout = new PassThrough({ highWaterMark: 1 });
    const { logs } = openRig(() => ({ stdout: { kind: 'inherit' } }), stdout);
    const [a, b] = [workerStub(0), workerStub(1)];
    const ends = [logs.attach(a).ended, logs.attach(b).ended];
    const seen = nextLine(logs);
    a.stdout.write('a1\na');
    await seen;
    expect([a.stdout.isPaused(), b.stdout.isPaused(), b.stderr.isPaused()]).toEqual([true, true, false]);
    a.stdout.write('2\n');
    b.stdout.write('b1\n');
    a.end();
    b.end();
    const all = text(stdout);
    await Promise.all(ends);
    stdout.end();
    expect((await all).split('\n').sort()).toEqual(['', 'a1', 'a2', 'b1']);
  });

  it('may go away: it is told once, and the workers go on', async () => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('write EPIPE')) });
    const problems: string[] = [];
    const off: LogTarget = { kind: 'off' };
    const spec: LogSpec = {
      stdout: { kind: 'inherit' },
      stderr: off,
      maxSize: null,
      schedule: null,
      keep: 1,
      compress: false,
      timestamps: false,
      onSlow: 'wait',
    };
    const logs = openAppLogs(spec, {
      stdout,
      stderr: new PassThrough(),
      now: () => TIME,
      onProblem: (_, text) => problems.push(text),
    });
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    for (let n = 0; n < 100; n += 1) worker.stdout.write(numberedLines('a', n * 10, n * 10 + 10));
    worker.end();
    await ended;
    expect(logs.lastLines(worker.key, 1)[0]).toMatch(/^a 999 /);
    expect(problems).toEqual([expect.stringContaining('EPIPE')]);
    await logs.close();
  });
});

describe('what is remembered', () => {
  it('keeps the last lines of each worker apart, both streams in order, however much the others write', async () => {
    const { logs } = openRig();
    const [failing, busy] = [workerStub(0), workerStub(0)];
    const failed = logs.attach(failing).ended;
    const done = logs.attach(busy).ended;
    const seen = nextLine(logs);
    failing.stdout.write('booting\n');
    await seen;
    const next = nextLine(logs);
    failing.stderr.write('Error: no database\r\n');
    await next;
    failing.end();
    await failed;
    busy.stdout.write(numberedLines('b', 0, 50_000));
    busy.end();
    await done;
    expect(logs.lastLines(failing.key)).toEqual(['booting', 'Error: no database']);
    expect(logs.lastLines(failing.key, 1)).toEqual(['Error: no database']);
    expect(logs.lastLines(busy.key)).toHaveLength(20);
  });

  it('shows a line that a hanging worker has not finished', async () => {
    const { logs } = openRig();
    const worker = workerStub(0);
    logs.attach(worker);
    const seen = nextLine(logs);
    worker.stdout.write('one\nwaiting for the database ...');
    await seen;
    expect(logs.lastLines(worker.key)).toEqual(['one', 'waiting for the database ...']);
  });

  it('forgets workers that ended long ago, and knows none that it never had', async () => {
    const { logs } = openRig();
    const workers = Array.from({ length: 40 }, () => workerStub(0));
    for (const worker of workers) {
      const { ended } = logs.attach(worker);
      worker.stdout.write('hello\n');
      worker.end();
      await ended;
    }
    const known = workers.filter((worker) => logs.lastLines(worker.key).length > 0);
    expect(known).toEqual(workers.slice(-16));
    expect(logs.lastLines(-1)).toEqual([]);
  });

  it('is given with the files that hold it, and followed from there without a gap', async () => {
    const { logs, out, err } = openRig();
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    const followed: string[] = [];
    const seen = nextLine(logs);
    worker.stdout.write(numberedLines('a', 0, 3_000));
    await seen;
    const snapshot = logs.snapshot(10);
    const stop = logs.follow(({ line }) => followed.push(line));
    worker.stdout.write(numberedLines('a', 3_000, 3_500));
    const { lines, files } = await snapshot;
    expect(files).toEqual([
      { stream: 'stdout', path: out, size: expect.any(Number) },
      { stream: 'stderr', path: err, size: 0 },
    ]);
    expect(statSync(out).size).toBeGreaterThanOrEqual(files[0]?.size ?? -1);
    const inFile = readFileSync(out).subarray(0, files[0]?.size).toString().split('\n').slice(-11, -1);
    expect(lines.map(({ line }) => line)).toEqual(inFile);
    worker.end();
    await ended;
    stop();
    const numberOf = (line: string): number => Number(line.split(' ')[1]);
    const first = numberOf(lines.at(-1)?.line ?? '') + 1;
    expect(followed.map(numberOf)).toEqual(upTo(3_500).slice(first));
  });
});

describe('watching for a line', () => {
  it('tells of the first that matches, of that worker only', async () => {
    const { logs } = openRig();
    const [a, b] = [workerStub(0), workerStub(0)];
    const ends = [logs.attach(a).ended, logs.attach(b).ended];
    const matches: string[] = [];
    logs.watchLine(b.key, /^ready on (\d+)$/g, (line) => matches.push(line));
    a.stdout.write('ready on 1\n');
    b.stdout.write('not ready on 2\nrea');
    b.stderr.write('ready on 3\r\n');
    b.stdout.write('dy on 4\n');
    a.end();
    b.end();
    await Promise.all(ends);
    expect(matches).toHaveLength(1);
    expect(['ready on 3', 'ready on 4']).toContain(matches[0]);
  });

  it('can be cancelled', async () => {
    const { logs } = openRig();
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    const matches: string[] = [];
    logs.watchLine(worker.key, /./, (line) => matches.push(line))();
    worker.stdout.write('ready\n');
    worker.end();
    await ended;
    expect(matches).toEqual([]);
  });
});
