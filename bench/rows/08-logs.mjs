import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Evenkeel } from '../contenders/evenkeel.mjs';
import { EVENKEEL, PM2 } from '../contenders/names.mjs';
import { Pm2 } from '../contenders/pm2.mjs';
import { WRITER } from '../measure/apps.mjs';
import { makeFolder, removeFolder } from '../measure/folder.mjs';
import { countFaultyLines } from '../measure/log-lines.mjs';
import { peakMegabytes } from '../measure/processes.mjs';
import { Reports } from '../measure/reports.mjs';
import { using } from '../measure/using.mjs';
import { atLeast, atMost, difference, ratio, ratioOf, value } from '../suite/targets.mjs';

const PIPE = 'a plain Node pipe';
const PIPE_PROGRAM = fileURLToPath(new URL('../contenders/plain-pipe.mjs', import.meta.url));
const WORKERS = [1, 4];
const MEGABYTES = 512;
const rate = (workers) => `${many(workers)}, MB/s`;
const faulty = (workers) => `${many(workers)}: lines torn or missing`;
const peak = (workers) => `${many(workers)}: memory at most, MB`;
const GZIP = `${EVENKEEL}, gzip`;
const QUARTER = `${EVENKEEL}, a quarter as much`;

/**
 * `open` gets { node, workers, env } and gives { loggerPid, files(), close() }: the process whose memory is watched, and, when
 * all is written, the files. `megabytes`: of all writers together.
 */
function contender(name, open, { megabytes = MEGABYTES, checkLines = true } = {}) {
  const measure = async ({ node }) => {
    const measured = {};
    for (const workers of WORKERS) {
      await using(Reports.open, (reports) => {
        const env = { REPORT: reports.path, MEGABYTES: String(megabytes / workers) };
        return using(
          () => open({ node, workers, env }),
          async (subject) => {
            const { milliseconds, lines } = await writeAll(reports, workers);
            measured[rate(workers)] = megabytes / (milliseconds / 1000);
            measured[peak(workers)] = peakMegabytes(subject.loggerPid);
            if (checkLines) measured[faulty(workers)] = await countFaultyLines(await subject.files(), lines);
          },
        );
      });
    }
    return measured;
  };
  return { name, measure };
}

/** From the word to all writers until the last one has got rid of everything. */
async function writeAll(reports, workers) {
  const waiting = await reports.take(workers, ({ pid }) => pid !== undefined);
  const started = performance.now();
  for (const writer of waiting) writer.answer('go\n');
  const done = await reports.take(workers, ({ lines }) => lines !== undefined);
  return {
    milliseconds: Math.max(...done.map(({ at }) => at)) - started,
    lines: new Map(done.map(({ writer, lines }) => [writer, lines])),
  };
}

function openEvenkeel(compress) {
  return async ({ node, workers, env }) => {
    const logs = { stdout: 'logs/out.log', maxSize: '10M', keep: 1000, compress };
    const app = { script: WRITER, workers, env, ready: { on: 'message' }, logs };
    const evenkeel = await Evenkeel.open(node, { web: app });
    const { apps } = await evenkeel.status();
    return {
      loggerPid: apps[0].clusterPid,
      files: async () => {
        // It asks for the lines, and they are in the files when the answer comes.
        await evenkeel.run('logs', '-n', '1');
        await compressed(evenkeel, compress);
        return inOrder(evenkeel.logFiles('logs'));
      },
      close: () => evenkeel.close(),
    };
  };
}

async function compressed(evenkeel, compress) {
  const isUnfinished = (file) => file.endsWith('.part') || (compress && isRotated(file) && !file.endsWith('.gz'));
  while (evenkeel.logFiles('logs').some(isUnfinished)) await sleep(100);
}

function isRotated(file) {
  return basename(file).startsWith('out-');
}

/** Rotated files have their time in their names; the live one is the newest. */
function inOrder(files) {
  return [...files.filter(isRotated).toSorted(), ...files.filter((file) => basename(file) === 'out.log')];
}

async function openPm2({ node, workers, env }) {
  const pm2 = await Pm2.open(node, (dir) => {
    const logs = { out_file: join(dir, 'out.log'), merge_logs: true };
    return [{ name: 'web', script: WRITER, instances: workers, exec_mode: 'fork', env, ...logs }];
  });
  return { loggerPid: pm2.daemonPid, close: () => pm2.close() };
}

async function openPipe({ node, workers, env }) {
  const dir = makeFolder('pipe');
  const child = spawn(node, [PIPE_PROGRAM, WRITER, String(workers), join(dir, 'out.log')], {
    ...{ stdio: ['pipe', 'inherit', 'inherit'], env: { ...process.env, ...env } },
  });
  const close = async () => {
    const exited = once(child, 'exit');
    child.stdin.end();
    await exited;
    await removeFolder(dir);
  };
  return { loggerPid: child.pid, close };
}

function many(workers) {
  return workers === 1 ? '1 worker' : `${workers} workers`;
}

export const row = {
  number: 8,
  title: 'Logs',
  about: `${MEGABYTES} MB of lines of about 90 bytes from one worker, or from four together, in blocks of 16 KB that end in the middle of a
line: from the first write until the last one is taken. evenkeel frames lines and rotates every 10 MB, with and
without gzip. PM2 (fork mode) and the plain pipe (\`child.stdout.pipe(createWriteStream(file))\`, four children into one
file) do neither: their lines are only counted where one worker writes. The memory is the most that the process
that writes the file ever had, shared pages included; it is flat if a quarter of the output needs as much.`,
  contenders: [
    contender(EVENKEEL, openEvenkeel(false)),
    contender(GZIP, openEvenkeel(true)),
    contender(QUARTER, openEvenkeel(true), { megabytes: MEGABYTES / 4 }),
    contender(PM2, openPm2, { checkLines: false }),
    contender(PIPE, openPipe, { checkLines: false }),
  ],
  targets: WORKERS.flatMap((workers) => [
    ratio(rate(workers), PIPE, atLeast(0.95)),
    ratioOf([GZIP, rate(workers)], [PIPE, rate(workers)], atLeast(0.75)),
    value([EVENKEEL, faulty(workers)], atMost(0)),
    value([GZIP, faulty(workers)], atMost(0)),
    difference([GZIP, peak(workers)], [QUARTER, peak(workers)], atMost(10)),
  ]),
};
