// What follows a manager ends when that ends, and says how it ended.
//
// @module-tag more

import { expect, test } from 'vitest';
import type { CliProcess } from '../support/cli-process.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

async function followers(rig: Rig): Promise<readonly CliProcess[]> {
  await rig.run('start');
  const all = [
    ['events', '-f'],
    ['logs', '-f'],
    ['status', '--watch'],
  ].map((args) => rig.spawnCli(args));
  const [events, logs, status] = all;
  await events?.waitForLine(/web: online/);
  await status?.waitForLine(/web .*online/);
  await logs?.waitForLine(/at work/);
  return all;
}

const web = { script: fixture('worker.mjs'), workers: 1, ready: { on: 'message' } };

test('one that is stopped: all end with 0, and the events have the end', async () => {
  await using rig = await createRig({ apps: { web } });
  const [events, logs, status] = await followers(rig);
  await rig.run('stop');
  expect(await events?.ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/manager stopped/) });
  expect(await logs?.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await status?.ended).toMatchObject({ code: 0, stderr: 'the manager has stopped\n' });
});

test('one that is killed: all end with 3, and say that what runs goes on', async () => {
  await using rig = await createRig({ apps: { web } });
  const all = await followers(rig);
  await rig.kill9((await rig.status()).manager.pid);
  for (const follower of all) {
    const { code, stderr } = await follower.ended;
    expect({ command: follower.command, code }).toEqual({ command: follower.command, code: 3 });
    expect(stderr).toContain('error: the manager is gone, and was not stopped; what runs goes on without it\n');
  }
  await rig.run('start');
});

test('`start --foreground` says that its manager was killed', LONG, async () => {
  await using rig = await createRig({ apps: { web } });
  const start = rig.spawnCli(['start', '--foreground']);
  await start.waitForLine(/web .*start/);
  const { pid } = (await rig.status()).manager;
  await rig.kill9(pid);
  await start.waitForLine(/^the manager \(pid \d+\) was killed \(SIGKILL\); the apps run on without it/, 'stderr');
  for (const command of ['stop', 'status']) {
    const { code, stderr } = await rig.cli(command);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^error: no manager is running, but 1 app runs on without one: web\nhint: `evenkeel start` brings/,
    );
  }
  expect((await rig.run('start')).stdout).toMatch(/^nothing to start; .*\n! took over 1 app as it runs: web\n$/);
  const { manager, apps } = await rig.status();
  await rig.kill9(manager.pid);
  await rig.kill9(apps[0]?.clusterPid ?? 0);
  for (const command of ['stop', 'status']) {
    const { code, stderr } = await rig.cli(command);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^error: no manager is running, but 1 app runs on without one: web\nhint: .*\(web\); then all/,
    );
  }
  await rig.run('start');
  expect((await rig.run('stop')).stdout).toMatch(/^✓ web +stop: .*\nmanager stopped \(pid \d+\)\n$/);
  expect((await rig.cli('stop')).stderr).toBe('error: no manager is running\nhint: There is nothing to stop.\n');
  // What runs on has its stderr too.
  expect((await start.ended).code).toBe(1);
});
