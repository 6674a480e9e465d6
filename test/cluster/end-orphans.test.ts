import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { endOrphans } from '../../src/cluster/end-orphans.ts';
import { identify, type ProcessIdentity } from '../../src/platform/process-identity.ts';

/** Started, and as far as it says. */
async function sleeper(code: string): Promise<{ readonly identity: ProcessIdentity; readonly child: ChildProcess }> {
  const child = spawn('/bin/sh', ['-c', `${code} echo up; while :; do sleep 60 & wait; done`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const identity = identify(child.pid ?? 0);
  if (identity === null) throw new Error('it did not start');
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-identity.pid, 'SIGKILL');
  });
  await once(child.stdout, 'data');
  return { identity, child };
}

it('lets them end by themselves, and kills those that do not', async () => {
  const [willing, stubborn] = await Promise.all([sleeper(''), sleeper("trap '' TERM;")]);
  const ends = [willing, stubborn].map(({ child }) => once(child, 'exit'));
  await endOrphans([willing.identity, stubborn.identity], 300);
  expect(await Promise.all(ends)).toEqual([
    [null, 'SIGTERM'],
    [null, 'SIGKILL'],
  ]);
});

it('leaves a process alone that only has the pid of one', async () => {
  const { identity, child } = await sleeper('');
  await endOrphans([{ ...identity, startTime: 'another' }], 300);
  expect(child.signalCode).toBeNull();
  expect(identify(identity.pid)).toEqual(identity);
});
