// What becomes of the lines that are still under way when the logs are closed, for the workers have ended.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { nextLine, openRig } from './app-logs-rig.ts';
import { numbersByWriter, upTo } from './read-log.ts';
import { numberedLines } from './sink-rig.ts';
import { workerStub } from './worker-stub.ts';

/** Takes one write at a time, and nothing further before `go`. */
class SlowReader extends Writable {
  text = '';
  #held: (() => void) | null = null;
  #going = false;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    if (this.#going) setImmediate(done);
    else this.#held = done;
  }

  go(): void {
    this.#going = true;
    this.#held?.();
  }
}

const TO_STREAM = () => ({ stdout: { kind: 'inherit' } }) as const;

/** A worker whose lines are stuck behind a reader that has taken the first of them. */
async function stuckWorker(stdout: Writable, count: number) {
  const { logs, problems, spec } = openRig(TO_STREAM, stdout);
  const worker = workerStub(0);
  logs.attach(worker);
  const seen = nextLine(logs);
  for (let n = 0; n < count; n += 1) worker.stdout.write(numberedLines('a', n, n + 1));
  await seen;
  worker.end();
  expect(worker.stdout.isPaused()).toBe(true);
  return { logs, problems, spec };
}

describe('closing the logs', () => {
  it('loses no line that a slow reader takes within the deadline', async () => {
    const reader = new SlowReader();
    const { logs, problems } = await stuckWorker(reader, 50);
    const closed = logs.close(10_000);
    reader.go();
    await closed;
    expect(numbersByWriter(reader.text).get('a')).toEqual(upTo(50));
    expect(problems).toEqual([]);
  });

  it('loses none that is still in the pipe of a process that has ended', async () => {
    const reader = new SlowReader();
    const { logs, problems } = openRig(TO_STREAM, reader);
    // In one piece: many small ones take far more room in a pipe, and it would wait for us.
    const script = `
      let text = '';
      for (let n = 0; n < 1600; n += 1) text += 'a ' + n + ' ' + 'x'.repeat(100) + '\\n';
      require('fs').writeSync(1, text);
    `;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const { ended } = logs.attach({ key: 1, slot: 0, stdout: child.stdout, stderr: null });
    await once(child, 'exit');
    const closed = logs.close(10_000);
    reader.go();
    await Promise.all([closed, ended]);
    expect(numbersByWriter(reader.text).get('a')).toEqual(upTo(1600));
    expect(problems).toEqual([]);
  });

  it('ends at its deadline, and tells how many lines it cost', async () => {
    const reader = new SlowReader();
    const { logs, problems } = await stuckWorker(reader, 50);
    await logs.close(50);
    const written = reader.text.split('\n').length - 1;
    expect(lostIn(problems)).toBe(50);
    // Nothing was promised, but the reader may have what it was given.
    expect(written).toBe(1);
    expect(problems[0]).toContain('within 50 ms');
  });

  it('waits for nobody who holds a pipe open and writes nothing', async () => {
    const { logs, out, problems } = openRig();
    const worker = workerStub(0);
    logs.attach(worker);
    const seen = nextLine(logs);
    worker.stdout.write('one\ntwo');
    await seen;
    await logs.close(60_000);
    expect(readFileSync(out, 'utf8')).toBe('one\ntwo\n');
    expect(problems).toEqual([]);
  });

  it('is not held up for ever by one that goes on writing', async () => {
    const { logs, problems } = openRig(() => ({ stdout: { kind: 'off' } }));
    const endless = new PassThrough();
    const again = (): void => {
      if (endless.write('more\n')) setImmediate(again);
      else endless.once('drain', again);
    };
    logs.attach({ key: 1, slot: 0, stdout: endless, stderr: null });
    again();
    await logs.close(50);
    expect(lostIn(problems)).toBeGreaterThan(0);
    endless.destroy();
  });

  it('tells what a reader that is gone has cost', async () => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('write EPIPE')) });
    const { logs, problems } = openRig(TO_STREAM, stdout);
    const worker = workerStub(0);
    const { ended } = logs.attach(worker);
    for (let n = 0; n < 20; n += 1) worker.stdout.write(numberedLines('a', n, n + 1));
    worker.end();
    await ended;
    await logs.close();
    expect(problems).toHaveLength(2);
    expect(lostIn(problems)).toBe(20);
  });
});

function lostIn(problems: readonly string[]): number {
  return problems.reduce((sum, text) => sum + Number(/(\d+) lines? (was|were) lost$/.exec(text)?.[1] ?? 0), 0);
}
