// A config that gets another name, or another place with its whole folder, does not hide the manager that runs.
//
// @module-tag more

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { createRig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

test('a config renamed in place: everything finds the manager, and a reload goes by the new one', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port, { workers: 1 }) } });
  await rig.run('start');
  const [pid] = await rig.pids('web');
  rmSync(rig.path('evenkeel.config.yaml'));
  const web = server('http', port, { workers: 1, env: { VERSION: '2' } });
  rig.write('evenkeel.config.json', JSON.stringify({ apps: { web } }));
  const { stderr } = await rig.run('status');
  expect(stderr).toContain(`started for ${rig.path('evenkeel.config.yaml')}, which is gone`);
  await rig.run('events', '-n', '1');
  expect((await rig.run('plan')).stdout).toMatch(/~ web +deploy +env\.VERSION changed/);
  expect((await rig.run('start')).stdout).toBe('nothing to do\n');
  expect(await rig.pids('web')).toEqual([pid]);
  await rig.run('reload');
  expect((await rig.app('web')).generation).toBe(2);
  expect((await rig.status()).manager.config).toBe(rig.path('evenkeel.config.json'));
  await rig.run('stop');
});

test('one that was named with --config is not exchanged for another', LONG, async () => {
  await using rig = await createRig({ apps: { web: server('http', await freePort(), { workers: 1 }) } });
  await rig.run('start', '--config', 'evenkeel.config.yaml');
  rmSync(rig.path('evenkeel.config.yaml'));
  rig.write('evenkeel.config.json', '{"apps": {}}');
  const reload = await rig.cli('reload');
  expect(reload.code).toBe(2);
  expect(reload.stderr).toContain(`the config file ${rig.path('evenkeel.config.yaml')} does not exist`);
  await rig.run('stop');
});

test(
  'a folder that is moved takes its manager along, also when that puts back what it misses in the old place',
  LONG,
  async () => {
    await using rig = await createRig({
      nested: 'before',
      apps: { web: server('http', await freePort(), { workers: 1 }) },
    });
    await rig.run('start');
    const moved = join(rig.dir, '../after');
    const inMoved = (...args: readonly string[]) => rig.spawnCli(args, { cwd: moved }).ended;
    renameSync(rig.dir, moved);
    try {
      expect(await inMoved('status')).toMatchObject({ code: 0, stdout: expect.stringMatching(/web +online/) });
      // As one does that goes on writing its logs.
      mkdirSync(rig.dir);
      await eventually('the socket is back', () => existsSync(rig.state.managerSocket));
      expect(await inMoved('status')).toMatchObject({ code: 0, stdout: expect.stringMatching(/web +online/) });
      expect(await inMoved('stop')).toMatchObject({ code: 0, stdout: expect.stringMatching(/web +stop: stopped/) });
    } finally {
      // What is left of both is one again.
      rmSync(rig.dir, { recursive: true, force: true });
      rmSync(join(moved, '.evenkeel'), { recursive: true });
      renameSync(moved, rig.dir);
    }
  },
);
