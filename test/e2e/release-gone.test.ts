// A release folder that is removed while its generation serves: what is said of it, and how the app comes back.
//
// @module-tag more

import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { release, startedRelease } from '../support/releases.ts';
import { seenBy } from '../support/seen-by.ts';
import { LONG } from '../support/tiers.ts';

test('a worker that comes back after its release folder was removed: events, status and commands name the folder and a way out', async () => {
  const { rig, port } = await startedRelease();
  await using _ = rig;
  await rig.run('deploy', 'web');
  const gone = rig.path('releases/2');
  rmSync(gone, { recursive: true });
  release(rig, 1);
  const [pid] = await rig.pids('web');
  const stream = await rig.events();
  await rig.kill9(pid ?? 0);
  const reason = `could not be started: ${gone} does not exist`;
  await stream.waitFor('worker-exited', (event) => event.reason === reason);
  const { stdout } = await rig.run('events', '-n', '100');
  expect(stdout).toContain(`web: worker 0 ${reason}\n`);
  expect(stdout).not.toContain('pid 0');

  const hint = 'Put it back, or deploy what is there now: `evenkeel deploy web`.';
  const { problem } = await rig.appWhere('web', 'is in backoff', ({ state }) => state === 'backoff');
  expect(problem).toContain(`worker 0 ${reason} (`);
  expect(problem).toContain(hint);
  const isTold = async (...command: readonly string[]): Promise<void> => {
    const { code, stderr } = await rig.cli(...command);
    expect({ command, code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${gone} does not exist`),
    });
    expect(stderr).toContain(`  hint: ${hint}\n`);
  };
  await isTold('restart', 'web');
  await isTold('start', 'web');
  await isTold('scale', 'web=2');
  await rig.run('deploy', 'web');
  expect((await seenBy(port)).cwd).toBe(rig.path('releases/1'));
  await isTold('rollback', 'web');
});

test(
  'an app that was rolled back to a release that is gone, when it is to start: the config is the way out',
  LONG,
  async () => {
    const { rig, port } = await startedRelease();
    await using _ = rig;
    await rig.run('deploy', 'web');
    await rig.run('rollback', 'web');
    await rig.run('stop', 'web');
    rmSync(rig.path('releases/1'), { recursive: true });
    const { code, stderr } = await rig.cli('start', 'web');
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${rig.path('releases/1')} does not exist`)]);
    expect(stderr).toContain('  hint: Put it back, or go by the config again: `evenkeel reload`.\n');
    await rig.run('reload');
    expect((await seenBy(port)).cwd).toBe(rig.path('releases/2'));
  },
);
