import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openAppLogs } from '../../src/logs/app-logs.ts';
import { openSharedFile } from '../../src/logs/shared-file.ts';
import { bundleProgram } from '../support/bundle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { TIME } from './app-logs-rig.ts';
import { numbersByWriter, rotatedNames, upTo, wholeLog } from './read-log.ts';
import { numberedLines, openSink, writeNumbered } from './sink-rig.ts';
import { waitUntil } from './wait-until.ts';
import { workerStub } from './worker-stub.ts';

const PROGRAM = `
  import { RotatingSink } from './src/logs/rotating-sink.ts';
  import { openSharedFile } from './src/logs/shared-file.ts';
  const [, , path, name, count] = process.argv;
  const settings = { maxSize: 100_000, schedule: null, keep: 1000, compress: false };
  let go = () => {};
  const options = { path, settings, openFile: openSharedFile, onDrain: () => go(), onProblem: console.error };
  const sink = new RotatingSink(options);
  for (let n = 0; n < Number(count); n += 1) {
    if (!sink.write(Buffer.from(name + ' ' + n + ' ' + 'x'.repeat(n % 200) + '\\n'))) {
      await new Promise((resolve) => { go = resolve; });
    }
  }
  await sink.close(20_000);
`;

function openShared(maxSize = 1000, path = join(tempDir(), 'manager.out')) {
  return openSink({ maxSize, keep: 1000 }, { path, openFile: openSharedFile });
}

it('takes every line of several processes once, through rotations by any of them', async () => {
  const path = join(tempDir(), 'manager.out');
  const { program, folder } = bundleProgram(PROGRAM);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const count = 10_000;
  const names = ['a', 'b', 'c'];
  const outcomes = await Promise.all(
    names.map((name) => {
      const args = [program, path, name, `${count}`];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      return new Promise((resolve) => child.once('exit', resolve));
    }),
  );
  expect(outcomes).toEqual([0, 0, 0]);
  const numbers = numbersByWriter(wholeLog(path));
  for (const name of names) expect(numbers.get(name)?.toSorted((a, b) => a - b)).toEqual(upTo(count));
  expect(rotatedNames(path).length).toBeGreaterThan(10);
});

it('keeps a few rotated files, as they are, and is private', async () => {
  const path = join(tempDir(), 'manager.out');
  const rig = openSink({ maxSize: 1000, keep: 2 }, { path, openFile: openSharedFile });
  await writeNumbered(rig, 'a', 500, 5);
  await rig.sink.flush();
  await rig.sink.idle();
  expect(rotatedNames(path)).toHaveLength(2);
  expect(rotatedNames(path).every((name) => /^manager-\d{8}T\d{6}\.\d{3}Z\.out$/.test(name))).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(rig.problems).toEqual([]);
});

it('rotates what is too large already, also with what others have written', async () => {
  const { sink, path } = openShared(1000);
  sink.write(Buffer.from('one\n'));
  await sink.flush();
  appendFileSync(path, `${'x'.repeat(2000)}\n`);
  sink.write(Buffer.from('two\n'));
  await sink.flush();
  expect(rotatedNames(path)).toHaveLength(1);
  sink.write(Buffer.from('three\n'));
  await sink.flush();
  expect(readFileSync(path, 'utf8')).toBe('three\n');
});

it('goes on in the new file when another process has rotated it, and tells nobody', async () => {
  const { sink, path, problems } = openShared();
  sink.write(Buffer.from('one\n'));
  await sink.flush();
  renameSync(path, `${path}.moved`);
  writeFileSync(path, 'of another\n');
  sink.write(Buffer.from('two\n'));
  await sink.flush();
  expect(readFileSync(path, 'utf8')).toBe('of another\ntwo\n');
  expect(problems).toEqual([]);
});

it('keeps the lines while its folder is gone, which it does not make, and tells', async () => {
  const folder = join(tempDir(), 'state');
  const { sink, path, problems } = openShared(1000, join(folder, 'manager.out'));
  sink.write(numberedLines('a', 0, 5));
  await waitUntil('the problem is told', () => problems.length > 0);
  mkdirSync(dirname(path));
  await waitUntil('it works again', () => problems.length > 1);
  expect(numbersByWriter(wholeLog(path)).get('a')).toEqual(upTo(5));
  expect(problems[1]).toContain('no line was lost');
});

it('is where "-" goes where there is one: both streams, in the order in which they came', async () => {
  const ownOutput = join(tempDir(), 'manager.out');
  const inherit = { kind: 'inherit' } as const;
  const spec = { stdout: inherit, stderr: inherit, maxSize: 10, schedule: null, keep: 0, compress: true } as const;
  const problems: string[] = [];
  const logs = openAppLogs(
    { ...spec, timestamps: false, onSlow: 'wait' },
    {
      ...{ stdout: process.stdout, stderr: process.stderr, ownOutput, now: () => TIME },
      onProblem: (_stream, message) => problems.push(message),
    },
  );
  const worker = workerStub(0);
  const { ended } = logs.attach(worker);
  const lines = ['one', 'two', 'three', 'four'];
  for (const [at, line] of lines.entries()) {
    const heard = new Promise<void>((resolve) => {
      const stop = logs.follow(() => {
        stop();
        resolve();
      });
    });
    (at % 2 === 0 ? worker.stdout : worker.stderr).write(`${line}\n`);
    await heard;
  }
  worker.end();
  await ended;
  // The size and number of an app's own files do not hold for a file that is not its own.
  await logs.apply({ ...spec, keep: 1, timestamps: false, onSlow: 'wait' });
  await logs.close();
  expect(readFileSync(ownOutput, 'utf8')).toBe('one\ntwo\nthree\nfour\n');
  expect(rotatedNames(ownOutput)).toEqual([]);
  expect(problems).toEqual([]);
});
