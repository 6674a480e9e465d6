// Numbered lines from several workers, through everything that a log may live through: each is there exactly once, whole,
// and in the order of its worker (P8).

import { expect, type TestContext, test } from 'vitest';
import { rotatedNames, wholeLog } from '../logs/read-log.ts';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { createRig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { report } from './finding.ts';

const LINE = /^(\d+) (\d+) x{80} end$/;
const LINES_PER_STEP = 4000;

test('rotation by size and schedule, gzip, deploys, kills of workers, managers and restarts', LONG, async (context) => {
  const port = await freePort();
  await using rig = await createRig({
    apps: {
      web: server('counter', port, {
        workers: 3,
        stop: { timeout: '20s' },
        logs: {
          ...{ stdout: 'logs/web.log', maxSize: '300K', schedule: '*/2 * * * * *', keep: 10_000, compress: true },
        },
      }),
    },
  });
  await rig.run('start');
  const events = await rig.events();
  for (let round = 0; round < 3; round += 1) {
    await more(port);
    await rig.run('deploy', 'web');
    await more(port);
    const [pid] = await rig.pids('web');
    await rig.kill9(pid ?? 0);
    await more(port);
    await rig.kill9((await rig.status()).manager.pid);
    await more(port);
    await rig.run('start');
    await more(port);
    await rig.run('restart', 'web');
  }
  await rig.run('stop');
  expect(events.all.filter(({ type }) => type === 'log-problem')).toEqual([]);
  const files = rotatedNames(rig.path('logs/web.log'));
  expect(files.length).toBeGreaterThan(20);
  expectEachOnce(context, linesOf(rig.path('logs/web.log')), `${files.length} rotated files`);
});

test('retention is exact under full speed', LONG, async (context) => {
  const port = await freePort();
  await using rig = await createRig({
    apps: {
      web: server('counter', port, {
        logs: { stdout: 'logs/web.log', maxSize: '200K', keep: 3, compress: true },
      }),
    },
  });
  await rig.run('start');
  for (let round = 0; round < 5; round += 1) await more(port);
  await rig.run('stop');
  expect(rotatedNames(rig.path('logs/web.log'))).toHaveLength(3);
  const numbers = numbersByPid(linesOf(rig.path('logs/web.log')));
  for (const list of numbers.values()) expect(list).toEqual(list.map((_, index) => (list[0] ?? 0) + index));
  report(context, {
    ...{ chapter: 'Log integrity', promise: 'P8', fault: 'rotation every 200 KB at full speed, `keep: 3`' },
    result: 'exactly 3 rotated files, and no gap in what they and the log hold',
  });
});

/** One of the workers has written so many lines since it was first asked. */
async function more(port: number): Promise<void> {
  const first = new Map<number, number>();
  await eventually(`${LINES_PER_STEP} lines more`, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    const { pid, lines } = (await response.json()) as { pid: number; lines: number };
    if (!first.has(pid)) first.set(pid, lines);
    return lines - (first.get(pid) ?? 0) >= LINES_PER_STEP;
  });
}

/** Of the log and its rotated files, the oldest first. Throws on a .gz that is not valid, and where the last line is torn. */
function linesOf(path: string): readonly string[] {
  const text = wholeLog(path);
  if (!text.endsWith('\n')) throw new Error(`The last line is torn: ${text.slice(-200)}`);
  return text.split('\n').slice(0, -1);
}

function numbersByPid(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const numbers = new Map<string, number[]>();
  for (const line of lines) {
    const match = LINE.exec(line);
    if (match?.[1] === undefined) throw new Error(`A torn line: ${JSON.stringify(line)}`);
    const list = numbers.get(match[1]) ?? [];
    numbers.set(match[1], list);
    list.push(Number(match[2]));
  }
  return numbers;
}

function expectEachOnce(context: TestContext, lines: readonly string[], where: string): void {
  const numbers = numbersByPid(lines);
  for (const list of numbers.values()) expect(list).toEqual(list.map((_, index) => index + 1));
  report(context, {
    ...{ chapter: 'Log integrity', promise: 'P8' },
    fault: 'rotation by size and by schedule, gzip, deploys, restarts, kill -9 of workers and of the manager',
    lines: { written: lines.length, lost: 0 },
    result: `each number of ${numbers.size} workers once and in order, in ${where}, every .gz valid`,
  });
}
