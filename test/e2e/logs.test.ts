// Log lines: none is lost, torn or interleaved (P8); rotation and retention; `logs` shows them.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { puppet, server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, type Rig } from '../support/rig.ts';

const LINE = /^(\d+) (\d+) x{80} end$/;

describe('log files', () => {
  test('two workers at full speed through rotations: each line whole, in order per worker, none missing', async () => {
    const lines = 20_000;
    await using rig = await createRig({
      apps: {
        web: server('chatter', await freePort(), {
          env: { LINES: lines },
          logs: { stdout: 'logs/web.log', maxSize: '300K', keep: 100, compress: true },
        }),
      },
    });
    await rig.run('start');
    const written = await eventually('all lines are in the files', () => {
      const all = readLog(rig, 'logs', 'web.log');
      return all.length === 2 * lines && all;
    });
    for (const slot of ['0', '1'])
      expect(numbersOf(written, slot)).toEqual(Array.from({ length: lines }, (_, index) => index + 1));
    expect(readdirSync(rig.path('logs')).filter((name) => name.endsWith('.gz')).length).toBeGreaterThan(2);
  });

  test('a deploy in the middle loses no line of either generation', async () => {
    const lines = 5000;
    await using rig = await createRig({
      apps: {
        web: server('chatter', await freePort(), {
          workers: 1,
          env: { LINES: lines },
          logs: { stdout: 'web.log', maxSize: '10M' },
        }),
      },
    });
    await rig.run('start');
    await rig.run('deploy', 'web');
    const written = await eventually('all lines are there', () => {
      const all = rig.read('web.log').split('\n').slice(0, -1);
      return all.length >= 2 * lines && all;
    });
    expect(written).toHaveLength(2 * lines);
    for (const line of written) expect(line).toMatch(LINE);
  });

  test('the last words of a worker that dies are kept, also without a line feed', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'out.log', stderr: 'err.log' } }) },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('no line feed');
    await worker.throw('these are my last words');
    await worker.closed;
    await eventually(
      'its last words are there',
      () => existsSync(rig.path('err.log')) && rig.read('err.log').includes('these are my last words'),
    );
    await eventually('its unfinished line is there', () => rig.read('out.log') === 'no line feed\n');
  });

  test('keep limits the rotated files', async () => {
    await using rig = await createRig({
      apps: {
        web: puppet({
          env: { PORT: await freePort() },
          logs: { stdout: 'logs/web.log', stderr: null, maxSize: '10K', keep: 2, compress: false },
        }),
      },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    for (let round = 0; round < 6; round += 1) await worker.print(`${`${round}`.repeat(999)}\n`.repeat(11));
    await worker.print('the end\n');
    await eventually(
      'the last line is there',
      () => existsSync(rig.path('logs/web.log')) && rig.read('logs/web.log').includes('the end'),
    );
    await eventually(
      'only the current file and two rotated ones are left',
      () => readdirSync(rig.path('logs')).length === 3,
    );
  });

  test('timestamps puts a time before each line', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'web.log', timestamps: true } }) },
    });
    await rig.run('start');
    await (await rig.puppets.next()).print('hello\n');
    await eventually('the line is there', () => existsSync(rig.path('web.log')) && rig.read('web.log') !== '');
    expect(rig.read('web.log')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\S* hello\n$/);
  });

  test('null turns a stream off, "-" sends it to the manager\'s own', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: '-', stderr: null } }) },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('to nowhere\n', 'stderr');
    await worker.print('to the manager\n');
    await eventually('the line is in manager.out', () =>
      readFileSync(rig.state.managerOut, 'utf8').includes('to the manager'),
    );
    expect(readFileSync(rig.state.managerOut, 'utf8')).not.toContain('to nowhere');
    expect(existsSync(rig.path('logs'))).toBe(false);
  });
});

test('manager.out is rotated, and no line that goes there is lost', async () => {
  const lines = 60_000;
  await using rig = await createRig({
    apps: { web: server('chatter', await freePort(), { env: { LINES: lines }, logs: { stdout: '-', stderr: '-' } }) },
  });
  await rig.run('start');
  const folder = dirname(rig.state.managerOut);
  const isRotated = (name: string): boolean => /^manager-.*\.out$/.test(name);
  const written = await eventually('all lines are there', () => {
    const rotated = readdirSync(folder).filter(isRotated);
    const texts = [...rotated.sort(), 'manager.out'].map((name) => readFileSync(join(folder, name), 'utf8'));
    const all = texts.join('').split('\n').slice(0, -1);
    return all.length >= 2 * lines && all;
  });
  for (const slot of ['0', '1'])
    expect(numbersOf(written, slot)).toEqual(Array.from({ length: lines }, (_, index) => index + 1));
  expect(readdirSync(folder).filter(isRotated)).toHaveLength(1);
});

describe('evenkeel logs', () => {
  test('shows the last lines of each app with a prefix per worker; -n says how many', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'web.log' } }) },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    for (const number of [1, 2, 3]) await worker.print(`line ${number}\n`);
    await eventually(
      'all lines are there',
      () => existsSync(rig.path('web.log')) && rig.read('web.log').includes('line 3'),
    );
    const { stdout } = await rig.run('logs', '-n', '2');
    const shown = stdout.trimEnd().split('\n');
    expect(shown).toHaveLength(2);
    expect(shown[0]).toMatch(/web.*0.*line 2$/);
    expect(shown[1]).toMatch(/web.*0.*line 3$/);
  });

  test('-f follows, across a rotation', async () => {
    await using rig = await createRig({
      apps: {
        web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'logs/web.log', maxSize: '10K', keep: 5 } }),
      },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('the first\n');
    const follower = rig.spawnCli(['logs', '-f']);
    await follower.waitForLine(/the first/);
    for (let round = 1; round <= 30; round += 1) await worker.print(`round ${round} ${'x'.repeat(1000)}\n`);
    for (let round = 1; round <= 30; round += 1) await follower.waitForLine(new RegExp(`round ${round} `));
    expect(readdirSync(rig.path('logs')).length).toBeGreaterThan(1);
    follower.kill('SIGINT');
    await follower.ended;
  });

  test('--stderr and --stdout choose a stream', async () => {
    await using rig = await createRig({
      apps: { web: puppet({ env: { PORT: await freePort() }, logs: { stdout: 'o.log', stderr: 'e.log' } }) },
    });
    await rig.run('start');
    const worker = await rig.puppets.next();
    await worker.print('good news\n');
    await worker.print('bad news\n', 'stderr');
    await eventually(
      'both are there',
      () => existsSync(rig.path('e.log')) && rig.read('e.log') !== '' && rig.read('o.log') !== '',
    );
    expect((await rig.run('logs', '--stderr')).stdout).toMatch(/bad news/);
    expect((await rig.run('logs', '--stderr')).stdout).not.toMatch(/good news/);
    expect((await rig.run('logs', '--stdout')).stdout).not.toMatch(/bad news/);
  });
});

/** The lines of the rotated files, oldest first, and of the current one. */
function readLog(rig: Rig, folder: string, current: string): string[] {
  if (!existsSync(rig.path(folder))) return [];
  // A rotated file that is not compressed yet is about to be, and then read as such.
  const rotated = readdirSync(rig.path(folder)).filter((name) => name.endsWith('.gz'));
  rotated.sort((a, b) => a.localeCompare(b));
  const texts = rotated.map((name) => gunzip(readFileSync(rig.path(folder, name))));
  // Where it has just been rotated, there is no current one until the next line.
  const last = existsSync(rig.path(folder, current)) ? rig.read(join(folder, current)) : '';
  return [...texts, last].join('').split('\n').slice(0, -1);
}

/** A file that is just being compressed is not whole yet. */
function gunzip(content: Buffer): string {
  try {
    return gunzipSync(content).toString();
  } catch {
    return '';
  }
}

function numbersOf(lines: readonly string[], slot: string): number[] {
  return lines.flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) throw new Error(`A torn line: ${line}`);
    return match[1] === slot ? [Number(match[2])] : [];
  });
}
