// A log that takes nothing for a while, with workers at full speed: the cluster process holds no more and no more of it.

import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { privateBytes } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { startUnread } from '../support/unread-output.ts';
import { report } from './finding.ts';

const MEGABYTE = 1024 ** 2;
/** Of what was dropped, some waits for the garbage collector; to keep it all would take ten times as much. */
const SLACK = 32 * MEGABYTE;
const WARM_UP = 800_000;
const PART = 100_000;

test.runIf(process.platform === 'linux')('the workers wait (`onSlow: wait`)', LONG, async (context) => {
  const { rig, lines, bytes, read } = await startSlow('wait');
  await using _ = rig;
  const before = await eventually('the worker is held up', async () => {
    const some = await lines();
    return some > 0 && some === (await lines()) && bytes();
  });
  const stopped = rig.run('stop', '--timeout', '20s');
  const [output] = await Promise.all([read(), stopped]);
  const numbers = numbersIn(output);
  expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
  report(context, {
    ...{ chapter: 'Log integrity', promise: 'P8', lines: { written: numbers.length, lost: 0 } },
    fault: 'a log that takes nothing, `logs.onSlow: wait`',
    result: `the worker waits, and serves; private memory of the cluster process ${(before / MEGABYTE).toFixed(1)} MB`,
  });
});

test.runIf(process.platform === 'linux')('lines are dropped (`onSlow: drop`)', LONG, async (context) => {
  const { rig, lines, bytes, read } = await startSlow('drop');
  await using _ = rig;
  const events = await rig.events();
  const bytesAt = async (count: number): Promise<number> => {
    for (let some = 0; some <= count; some += PART)
      await eventually(`${some} lines`, async () => (await lines()) >= some);
    return bytes();
  };
  // A heap takes its time to become as large as it gets.
  const before = await bytesAt(WARM_UP);
  const after = await bytesAt(2 * WARM_UP);
  expect(after - before).toBeLessThan(SLACK);
  const [output] = await Promise.all([read(), rig.run('stop', '--timeout', '20s')]);
  const numbers = numbersIn(output);
  const told = events.all.flatMap((event) => (event.type === 'log-problem' ? [event.message] : []));
  const dropped = told.reduce((sum, message) => sum + Number(/^(\d+) lines? w/.exec(message)?.[1] ?? 0), 0);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  expect(numbers.length + dropped).toBe(numbers.at(-1));
  const megabytes = [before, after].map((size) => (size / MEGABYTE).toFixed(1)).join(' and ');
  report(context, {
    ...{ chapter: 'Log integrity', promise: 'P8', lines: { written: numbers.length + dropped, lost: dropped } },
    fault: 'a log that takes nothing, `logs.onSlow: drop`',
    result: `each lost line is counted; private memory of the cluster process after ${count(WARM_UP)} and ${count(2 * WARM_UP)} lines: ${megabytes} MB`,
  });
});

interface Slow {
  readonly rig: Rig;
  /** That the worker has written. */
  lines(): Promise<number>;
  /** Of the cluster process. */
  bytes(): number;
  read(): Promise<string>;
}

async function startSlow(onSlow: 'wait' | 'drop'): Promise<Slow> {
  const port = await freePort();
  const logs = { stdout: '-', stderr: null, onSlow };
  const rig = await createRig({ apps: { web: server('counter', port, { workers: 1, logs }) } });
  const read = await startUnread(rig);
  const { clusterPid } = await rig.app('web');
  return {
    ...{ rig, read, bytes: () => privateBytes(clusterPid ?? 0) },
    lines: async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
      return ((await response.json()) as { lines: number }).lines;
    },
  };
}

function count(lines: number): string {
  return lines.toLocaleString('en-US');
}

function numbersIn(output: string): readonly number[] {
  // What the command itself says is among them.
  const lines = output.split('\n').filter((line) => /^\d/.test(line));
  return lines.map((line) => {
    const number = /^\d+ (\d+) x{80} end$/.exec(line)?.[1];
    if (number === undefined) throw new Error(`A torn line: ${JSON.stringify(line)}`);
    return Number(number);
  });
}
