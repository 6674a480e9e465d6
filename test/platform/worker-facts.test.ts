import { spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { leadsSessionOf, parseUids, startedWith } from '../../src/platform/worker-facts.ts';

const me = process.getuid?.() ?? 0;

function sleeper(options: { readonly detached: boolean; readonly uid?: number }): number {
  const child = spawn('/bin/sleep', ['600'], { ...options, stdio: 'ignore', env: { A: 'b=c', LONG_A: 'no' } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid ?? 0;
}

it('tells whose a process is, and whether it leads a session of its own', () => {
  const own = sleeper({ detached: true });
  expect([leadsSessionOf(own, me), leadsSessionOf(own, me + 1)]).toEqual([true, false]);
  expect(leadsSessionOf(sleeper({ detached: false }), me)).toBe(false);
  expect(leadsSessionOf(2 ** 22 + 1, me)).toBe(false);
});

it('tells another user’s from ours', (context) => {
  if (me !== 0) context.skip('only root can start processes as another user');
  const theirs = sleeper({ detached: true, uid: 54_321 });
  expect([leadsSessionOf(theirs, 54_321), leadsSessionOf(theirs, 0)]).toEqual([true, false]);
});

it('takes one that has two users for neither’s', () => {
  expect(parseUids('Name:\tsudo\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n')).toEqual([1000, 0, 0, 0]);
  // A name is the process’s own to choose.
  expect(parseUids('Name:\tUid:\t0\t0\t0\t0\nUid:\t7\t7\t7\t7\n')).toEqual([7, 7, 7, 7]);
  expect(parseUids('')).toEqual([]);
});

it('reads what a process was started with', (context) => {
  if (process.platform !== 'linux') context.skip('only Linux shows environments');
  const pid = sleeper({ detached: true });
  expect([startedWith(pid, 'A'), startedWith(pid, 'NOT_THERE')]).toEqual(['b=c', null]);
  expect(startedWith(2 ** 22 + 1, 'A')).toBeNull();
});
