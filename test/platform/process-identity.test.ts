import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseProcStat } from '../../src/platform/proc-stat.ts';
import {
  identify,
  isAlive,
  isStopped,
  killIdentity,
  type ProcessIdentity,
  parsePs,
  waitForExit,
} from '../../src/platform/process-identity.ts';
import { eventually } from '../support/eventually.ts';
import { needsLinux, needsProgram } from '../support/needs.ts';

/** Says so when /proc shows the process as a zombie. */
const FIRST_THREAD_ENDS = `
import ctypes, platform, threading, time
def rest():
    while ') Z ' not in open('/proc/self/stat').read(): time.sleep(0.001)
    print('ended', flush=True)
    time.sleep(1000)
threading.Thread(target=rest).start()
ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)
`;
const hasProc = existsSync('/proc/self/stat');

/** A process that runs until it is killed, and has said that it runs. */
async function startChild(
  script = '',
  detached = false,
): Promise<{ child: ChildProcess; identity: ProcessIdentity; line: string }> {
  const program = `${script}; setInterval(() => {}, 1e9); console.log(globalThis.line ?? 'up')`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'], detached });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [chunk] = await once(child.stdout, 'data');
  return { child, identity: identityOf(child.pid ?? 0), line: String(chunk).trim() };
}

function identityOf(pid: number): ProcessIdentity {
  const identity = identify(pid);
  if (identity === null) throw new Error(`no process ${pid}`);
  return identity;
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('identify and isAlive', () => {
  it('is the same each time for a process that runs', () => {
    expect(identify(process.pid)).toEqual(identify(process.pid));
    expect(isAlive(identityOf(process.pid))).toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53, 4_194_305])('finds nobody with the pid %s', (pid) => {
    expect(identify(pid)).toBeNull();
  });

  it('sees that a process has ended', async () => {
    const { child, identity } = await startChild();
    expect(isAlive(identity)).toBe(true);
    await end(child);
    expect(isAlive(identity)).toBe(false);
    expect(identify(identity.pid)).toBeNull();
  });

  it('takes another process with the same pid for another', async () => {
    const { identity } = await startChild();
    expect(isAlive({ ...identity, startTime: 'another' })).toBe(false);
  });

  it('takes a zombie for dead', async () => {
    // The shell becomes a program that never asks how its children ended.
    const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    onTestFinished(() => {
      process.kill(-(parent.pid ?? 0), 'SIGKILL');
    });
    const [chunk] = await once(parent.stdout, 'data');
    const zombie = identityOf(Number(String(chunk)));
    process.kill(zombie.pid, 'SIGKILL');
    expect(await waitForExit(zombie, 10_000)).toBe(true);
    expect(identify(zombie.pid)).toBeNull();
  });

  it('takes a process whose first thread has ended for alive: the others have its sockets open still', async (context) => {
    needsLinux(context);
    const python = needsProgram(context, 'python3');
    const child = spawn(python, ['-c', FIRST_THREAD_ENDS], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout, 'data');
    const identity = identityOf(child.pid ?? 0);
    expect(await waitForExit(identity, 20)).toBe(false);
    await end(child);
    expect(isAlive(identity)).toBe(false);
  });
});

describe('killIdentity', () => {
  it('signals the process', async () => {
    const { child, identity } = await startChild();
    const exited = once(child, 'exit');
    expect(killIdentity(identity, 'SIGTERM')).toBe(true);
    expect(await exited).toEqual([null, 'SIGTERM']);
    expect(killIdentity(identity, 'SIGTERM')).toBe(false);
  });

  it.each([{ group: false }, { group: true }])(
    'never signals another process that has its pid by now ($group)',
    async (options) => {
      const { child, identity } = await startChild('', true);
      expect(killIdentity({ ...identity, startTime: 'earlier' }, 'SIGKILL', options)).toBe(false);
      // What would have been killed answers to the next signal instead.
      const exited = once(child, 'exit');
      expect(killIdentity(identity, 'SIGTERM', options)).toBe(true);
      expect(await exited).toEqual([null, 'SIGTERM']);
    },
  );

  it('reaches the whole group, also when its leader has ended', async () => {
    const script = "globalThis.line = require('child_process').spawn('sleep', ['1000'], { stdio: 'ignore' }).pid";
    const { child, identity, line } = await startChild(script, true);
    const member = identityOf(Number(line));
    await end(child);
    expect(isAlive(member)).toBe(true);
    expect(killIdentity(identity, 'SIGKILL')).toBe(false);
    expect(killIdentity(identity, 'SIGKILL', { group: true })).toBe(true);
    expect(await waitForExit(member, 10_000)).toBe(true);
  });
});

describe('waitForExit', () => {
  it('gives up at its deadline', async () => {
    const { identity } = await startChild();
    expect(await waitForExit(identity, 20)).toBe(false);
  });

  it('sees the end', async () => {
    const { child, identity } = await startChild();
    const ended = waitForExit(identity, 20_000);
    await end(child);
    expect(await ended).toBe(true);
  });
});

describe('what the system prints', () => {
  const numbers = (first: number, count: number): string =>
    Array.from({ length: count }, (_, index) => first + index).join(' ');

  it.each(['node', '(sd-pam)', 'a) S 1 (b', 'two words', ') Z 9'])(
    'reads /proc/<pid>/stat of a program called %j',
    (name) => {
      // Each number is its field's number in proc(5).
      expect(parseProcStat(`42 (${name}) S ${numbers(4, 49)}\n`)).toEqual({
        state: 'S',
        session: 6,
        threads: 20,
        cpuTicks: 14n + 15n,
        startTicks: '22',
      });
    },
  );

  it.each(['', '42', '42 (node', '42 (node) S 1 2 3'])('makes nothing of %j', (text) => {
    expect(parseProcStat(text)).toBeNull();
  });

  it.each([
    ['Ss   Thu Nov 21 04:02:11 2024\n', { startTime: 'Thu Nov 21 04:02:11 2024', zombie: false }],
    ['S+   Sun Nov  3 04:02:11 2024    \n', { startTime: 'Sun Nov 3 04:02:11 2024', zombie: false }],
    ['Z    Thu Nov 21 04:02:11 2024\n', { startTime: 'Thu Nov 21 04:02:11 2024', zombie: true }],
    ['', null],
    ['\n', null],
  ])('reads what ps prints: %j', (output, expected) => {
    expect(parsePs(output)).toEqual(expected);
  });

  it.runIf(hasProc)('tells the boots of a machine apart', () => {
    expect(identityOf(process.pid).startTime).toMatch(/^[0-9a-f-]*:\d+$/);
  });
});

describe('isStopped', () => {
  it('is what the system says, and of a process that is gone it says nothing', async (context) => {
    needsLinux(context);
    const { child, identity } = await startChild();
    expect(isStopped(identity)).toBe(false);
    child.kill('SIGSTOP');
    await eventually('it is stopped', () => isStopped(identity));
    child.kill('SIGCONT');
    await eventually('it goes on', () => !isStopped(identity));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isStopped(identity)).toBe(false);
  });
});
