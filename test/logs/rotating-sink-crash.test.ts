import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { bundleProgram } from '../support/bundle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { rotatedNames, wholeLog } from './read-log.ts';
import { openSink } from './sink-rig.ts';

/** Numbers its lines from the given one on, and tells each number that is in the file. */
const PROGRAM = `
  import { RotatingSink } from './src/logs/rotating-sink.ts';
  const [, , path, from] = process.argv;
  const settings = { maxSize: 30_000, schedule: null, keep: 1000, compress: true };
  const sink = new RotatingSink({ path, settings, onProblem: (message) => console.log(message) });
  for (let n = Number(from); ; n += 1) {
    sink.write(Buffer.from(n + ' ' + 'x'.repeat(n % 100) + ' end\\n'));
    if (n % 100 !== 0) continue;
    await sink.flush();
    console.log(n);
  }
`;

it('a process that is killed leaves every line that was in the file there once, and archives that the next one finishes', async () => {
  const path = join(tempDir(), 'web.log');
  const { program, folder } = bundleProgram(PROGRAM);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  let next = 0;
  const written = new Set<number>();
  // Rotations come every five hundred lines or so: the kills fall before, within and after them.
  for (const lines of [400, 500, 600, 1_000, 1_900, 3_300]) {
    const last = await runUntil(program, path, next, next + lines);
    for (let n = next; n <= last; n += 1) written.add(n);
    next = last + 100_000;
  }
  const { sink } = openSink({ maxSize: 30_000, compress: true }, { path });
  await sink.idle();
  await sink.close(10_000);

  const text = wholeLog(path);
  const whole = text.split('\n').filter((line) => /^\d+ x* end$/.test(line));
  const torn = text.split('\n').filter((line) => line !== '' && !/^\d+ x* end$/.test(line));
  const numbers = whole.map((line) => Number(line.split(' ')[0]));
  expect(numbers.filter((n) => written.has(n))).toEqual([...written]);
  expect(new Set(numbers).size).toBe(numbers.length);
  // At most the line that each process was killed in.
  expect(torn.length).toBeLessThanOrEqual(6);
  expect(rotatedNames(path).length).toBeGreaterThan(5);
  expect(rotatedNames(path).every((name) => name.endsWith('.log.gz'))).toBe(true);
});

/** Kills the program as soon as it tells a number from `until` on; gives the last that it told. */
async function runUntil(program: string, path: string, from: number, until: number): Promise<number> {
  const child = spawn(process.execPath, [program, path, `${from}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let last = from - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    expect(line).toMatch(/^\d+$/);
    last = Number(line);
    if (last >= until) child.kill('SIGKILL');
  }
  await exited;
  return last;
}
