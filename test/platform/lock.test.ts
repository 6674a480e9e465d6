import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { acquireLock } from '../../src/platform/lock.ts';
import { identify } from '../../src/platform/process-identity.ts';
import { bundleProgram } from '../support/bundle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { LONG } from '../support/tiers.ts';

const RACERS = 16;

/**
 * A racer takes the lock at each path it is sent and keeps it ("take"), or takes and releases it so many times ("churn"),
 * and proves each time with an exclusive file that it is the only one inside.
 */
const RACER = `
  import { closeSync, openSync, unlinkSync } from 'node:fs';
  import { acquireLock } from './src/platform/lock.ts';
  function churn(path, rounds) {
    let taken = 0;
    for (let round = 0; round < rounds; round++) {
      const lock = acquireLock(path);
      if (!lock.ok) continue;
      closeSync(openSync(path + '-inside', 'wx'));
      unlinkSync(path + '-inside');
      lock.release();
      taken++;
    }
    return taken;
  }
  process.on('disconnect', () => process.exit());
  process.on('message', ({ act, path, rounds }) => {
    try {
      if (act === 'churn') return void process.send({ taken: churn(path, rounds) });
      const lock = acquireLock(path);
      process.send(lock.ok ? { won: true } : { won: false, holder: lock.holder.pid });
    } catch (error) {
      process.send({ failed: String(error.stack) });
    }
  });
  process.send('up');
`;

interface Answer {
  readonly won?: boolean;
  readonly holder?: number;
  readonly taken?: number;
  readonly failed?: string;
}

let program = '';
let folder = '';

beforeAll(() => {
  ({ program, folder } = bundleProgram(RACER));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function startRacers(count: number): Promise<ChildProcess[]> {
  const racers = Array.from({ length: count }, () =>
    fork(program, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  onTestFinished(() => {
    for (const racer of racers) racer.kill('SIGKILL');
  });
  await Promise.all(racers.map((racer) => once(racer, 'message')));
  return racers;
}

/** Sends all of them off at once; their answers in the same order. */
async function race(racers: readonly ChildProcess[], message: object): Promise<Answer[]> {
  const answers = racers.map((racer) => once(racer, 'message'));
  for (const racer of racers) racer.send(message);
  const all: Answer[] = (await Promise.all(answers)).map(([answer]) => answer);
  expect(all.filter((answer) => answer.failed !== undefined)).toEqual([]);
  return all;
}

/** The name under which a process that has ended would have left the lock. */
function nameOf(pid: number, startTime: string): string {
  return `${pid}~${encodeURIComponent(startTime)}~0123456789abcdef`;
}

function plant(path: string, ...names: readonly string[]): void {
  mkdirSync(path);
  for (const name of names) writeFileSync(join(path, name), '');
}

describe('acquireLock', () => {
  it('takes a free lock, refuses it to others with the name of the holder, and releases it', () => {
    const path = join(tempDir(), 'manager.lock');
    const lock = acquireLock(path);
    expect(acquireLock(path)).toEqual({ ok: false, holder: identify(process.pid) });
    if (!lock.ok) throw new Error('not taken');
    lock.release();
    expect(existsSync(path)).toBe(false);
    expect(acquireLock(path).ok).toBe(true);
  });

  it('does not release what another holds by now', () => {
    const path = join(tempDir(), 'manager.lock');
    const first = acquireLock(path);
    if (!first.ok) throw new Error('not taken');
    first.release();
    const second = acquireLock(path);
    first.release();
    expect(second.ok).toBe(true);
    expect(acquireLock(path).ok).toBe(false);
  });

  it.each([
    ['of a process that has ended', [nameOf(4_194_305, 'then')]],
    ['of a process whose pid another has now', [nameOf(process.pid, 'then')]],
    ['that nobody holds', []],
    ['with files that are none of ours', ['.DS_Store', '12~%E0%A4~0123456789abcdef', '1~x']],
  ])('takes over a lock %s', (_name, names) => {
    const path = join(tempDir(), 'manager.lock');
    plant(path, ...names);
    expect(acquireLock(path).ok).toBe(true);
    expect(readdirSync(path)).toHaveLength(1);
    expect(acquireLock(path).ok).toBe(false);
  });

  it.each(['', '{"pid": 12', '99999'])('takes the place of a plain file: %j', (content) => {
    const path = join(tempDir(), 'manager.lock');
    writeFileSync(path, content);
    expect(acquireLock(path).ok).toBe(true);
    expect(acquireLock(path).ok).toBe(false);
  });

  it('takes the place of a symbolic link without touching what it leads to', () => {
    const dir = tempDir();
    plant(join(dir, 'elsewhere'), 'precious');
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'manager.lock'));
    expect(acquireLock(join(dir, 'manager.lock')).ok).toBe(true);
    expect(readdirSync(join(dir, 'elsewhere'))).toEqual(['precious']);
  });

  it('leaves nothing beside the lock, and removes what a killed process left there', () => {
    const dir = tempDir();
    plant(join(dir, `manager.lock.${nameOf(4_194_305, 'then')}`), 'x');
    plant(join(dir, 'manager.locker'), 'x');
    acquireLock(join(dir, 'manager.lock'));
    acquireLock(join(dir, 'manager.lock'));
    expect(readdirSync(dir).sort()).toEqual(['manager.lock', 'manager.locker']);
  });

  it('tells of a directory that is not there', () => {
    expect(() => acquireLock(join(tempDir(), 'gone', 'manager.lock'))).toThrow('ENOENT');
  });
});

describe(`${RACERS} processes at once`, () => {
  it('of all that find the lock of a dead process exactly one gets it, and the others are told which', async () => {
    const dir = tempDir();
    const racers = await startRacers(RACERS);
    for (let round = 0; round < 40; round++) {
      const path = join(dir, `${round}.lock`);
      plant(path, nameOf(4_194_305, `${round}`));
      const answers = await race(racers, { act: 'take', path });
      const winners = racers.filter((_racer, index) => answers[index]?.won === true);
      expect(winners).toHaveLength(1);
      const holders = new Set(answers.filter((answer) => answer.won === false).map((answer) => answer.holder));
      expect([...holders]).toEqual([winners[0]?.pid]);
    }
  });

  it('the lock passes to exactly one of those who are left each time its holder is killed', async () => {
    const path = join(tempDir(), 'manager.lock');
    let racers = await startRacers(RACERS);
    while (racers.length > 0) {
      const answers = await race(racers, { act: 'take', path });
      const winners = racers.filter((_racer, index) => answers[index]?.won === true);
      expect(winners).toHaveLength(1);
      const exits = winners.map((winner) => once(winner, 'exit'));
      for (const winner of winners) winner.kill('SIGKILL');
      await Promise.all(exits);
      racers = racers.filter((racer) => !winners.includes(racer));
    }
  });

  it('no two are ever inside, however often it is taken and released', LONG, async () => {
    const dir = tempDir();
    const path = join(dir, 'manager.lock');
    plant(path, nameOf(4_194_305, 'then'));
    const answers = await race(await startRacers(RACERS), { act: 'churn', path, rounds: 100 });
    expect(answers.reduce((sum, answer) => sum + (answer.taken ?? 0), 0)).toBeGreaterThan(RACERS);
    expect(readdirSync(dir)).toEqual([]);
  });
});
