// Why an app is in backoff, and when it is tried again: what its status says.

import { expect, test } from 'vitest';
import type { ClusterModel, Worker } from '../../src/core/cluster-model.ts';
import { describeBackoff } from '../../src/core/describe-backoff.ts';
import { CLEAN_SLOT, type SlotRecord } from '../../src/core/restart-policy.ts';
import type { WorkerFailure } from '../../src/core/status.ts';

const NOW = 1_000_000;
const failed = (failures: number, delay: number): SlotRecord => ({
  ...{ failures, restarts: failures, notBefore: NOW + delay, gaveUp: false, why: null },
});

function problemOf(
  slots: readonly SlotRecord[],
  changes: Partial<ClusterModel> = {},
  failure: WorkerFailure | null = null,
): string | null {
  const model = { mode: 'running', deploy: null, desired: slots.length, slots: { ...slots }, workers: [], ...changes };
  return describeBackoff(model as unknown as ClusterModel, NOW, (slot) => (failure?.slot === slot ? failure : null));
}

const worker = (slot: number, state: Worker['state']) => ({ slot, state }) as Worker;

test.each<[string, readonly SlotRecord[], string | null]>([
  ['none has failed', [CLEAN_SLOT], null],
  ['one waits', [failed(4, 3_000)], 'worker 0 has failed (4 quick failures in a row); tried again in 3 s'],
  [
    'the one that comes first',
    [failed(2, 900), failed(1, 200)],
    'worker 1 has failed (1 quick failure); tried again in 200 ms',
  ],
  [
    'it is known what it did',
    [{ ...failed(2, 900), why: 'exited with code 1 before it was ready' }],
    'worker 0 exited with code 1 before it was ready (2 quick failures in a row); tried again in 900 ms',
  ],
  ['one is due', [failed(1, -5)], 'worker 0 has failed (1 quick failure); being tried again'],
  [
    'one is given up',
    [failed(1, 100), { ...failed(3, 100), gaveUp: true }],
    'worker 1 has failed (3 quick failures in a row); not tried again',
  ],
])('%s', (_what, slots, problem) => {
  expect(problemOf(slots)).toBe(problem);
});

test('what to do about it is said where that is known, and of no other failure', () => {
  const reason = 'could not be started: /srv/r3 does not exist';
  const failure = { slot: 0, pid: null, reason, code: null, signal: null, lastLines: [], hint: 'Put it back.' };
  const slots = [{ ...failed(2, 900), why: reason }];
  const problem = `worker 0 ${reason} (2 quick failures in a row); tried again in 900 ms`;
  expect(problemOf(slots, {}, failure)).toBe(`${problem}. Put it back.`);
  expect(problemOf(slots, {}, { ...failure, reason: 'exited with code 1' })).toBe(problem);
  expect(problemOf(slots, {}, { ...failure, hint: null })).toBe(problem);
  expect(problemOf(slots, {}, { ...failure, slot: 1 })).toBe(problem);
});

test('one that boots again may fail again; one that is ready has come back', () => {
  expect(problemOf([failed(2, -5)], { workers: [worker(0, 'booting')] })).toContain('being tried again');
  expect(problemOf([failed(2, -5)], { workers: [worker(0, 'ready')] })).toBeNull();
});

test('a deploy or a stop says more', () => {
  expect(problemOf([failed(2, 100)], { deploy: {} as ClusterModel['deploy'] })).toBeNull();
  expect(problemOf([failed(2, 100)], { mode: 'stopping' })).toBeNull();
});
