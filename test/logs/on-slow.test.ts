// logs.onSlow: what happens to lines that come faster than the log takes them.

import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { LogSpec } from '../../src/core/spec.ts';
import { DROP_REPORT_INTERVAL, DroppedLines } from '../../src/logs/dropped-lines.ts';
import { nextLine, openRig } from './app-logs-rig.ts';
import { workerStub } from './worker-stub.ts';

const dropping = (): Partial<LogSpec> => ({ stdout: { kind: 'inherit' }, onSlow: 'drop' });

it('drop: the workers go on, whole lines are missing, and every one is either written or told', async () => {
  const reader = new PassThrough({ highWaterMark: 1 });
  const { logs, problems } = openRig(dropping, reader);
  const worker = workerStub(0);
  const { ended } = logs.attach(worker);
  const seen = nextLine(logs);
  worker.stdout.write('0 is taken, and fills the log\n');
  await seen;
  const all = lineThat(logs, '99');
  for (let n = 1; n < 100; n += 1) worker.stdout.write(`${n}\n`);
  await all;
  expect(worker.stdout.isPaused()).toBe(false);
  // Of what is in memory nothing is dropped.
  expect(logs.lastLines(worker.key, 1)).toEqual(['99']);
  const written = text(reader);
  await vi.waitFor(() => expect(reader.readableLength).toBe(0));
  worker.stdout.write('100 comes when there is room again\n');
  worker.end();
  await ended;
  await logs.close();
  reader.end();
  expect(await written).toBe('0 is taken, and fills the log\n100 comes when there is room again\n');
  expect(problems).toEqual([expect.stringContaining('lines are dropped from now on'), 'stdout: 99 lines were dropped']);
});

it('drop: what comes at the end is not dropped, for nobody is slowed down any more', async () => {
  const reader = new PassThrough({ highWaterMark: 1 });
  const { logs, problems } = openRig(dropping, reader);
  const worker = workerStub(0);
  logs.attach(worker);
  const seen = nextLine(logs);
  worker.stdout.write('one\n');
  await seen;
  const closed = logs.close(10_000);
  worker.stdout.write('two\n');
  worker.end();
  const written = text(reader);
  await closed;
  reader.end();
  expect(await written).toBe('one\ntwo\n');
  expect(problems).toEqual([]);
});

it('can be changed while the workers wait, both ways', async () => {
  const stuck = new Writable({ highWaterMark: 1, write: () => {} });
  const { logs, spec } = openRig(() => ({ stdout: { kind: 'inherit' } }), stuck);
  const worker = workerStub(0);
  logs.attach(worker);
  const seen = nextLine(logs);
  worker.stdout.write('one\n');
  await seen;
  expect(worker.stdout.isPaused()).toBe(true);
  await logs.apply({ ...spec, onSlow: 'drop' });
  expect(worker.stdout.isPaused()).toBe(false);
  await logs.apply({ ...spec, onSlow: 'wait' });
  expect(worker.stdout.isPaused()).toBe(true);
});

it('tells at once when it begins, the count at intervals, and again when it begins anew', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const told: string[] = [];
  const dropped = new DroppedLines((message) => told.push(message));
  const begun = expect.stringContaining('from now on');
  dropped.add(3);
  dropped.add(4);
  expect(told.splice(0)).toEqual([begun]);
  vi.advanceTimersByTime(DROP_REPORT_INTERVAL);
  expect(told.splice(0)).toEqual(['7 lines were dropped']);
  dropped.add(1);
  vi.advanceTimersByTime(2 * DROP_REPORT_INTERVAL);
  expect(told.splice(0)).toEqual(['1 line was dropped']);
  dropped.add(2);
  dropped.close();
  expect(told).toEqual([begun, '2 lines were dropped']);
  expect(vi.getTimerCount()).toBe(0);
});

function lineThat(logs: ReturnType<typeof openRig>['logs'], wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = logs.follow(({ line }) => {
      if (line !== wanted) return;
      stop();
      resolve();
    });
  });
}
