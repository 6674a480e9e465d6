// A disk without a free byte, under the state directory and the logs: what runs serves on, and a manager can take it over.
//
// @module-tag more

import { expect, test } from 'vitest';
import type { Status } from '../../src/core/status.ts';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { canMount, fill, free, mountDisk } from '../support/small-disk.ts';

test.runIf(canMount)('on a full disk the apps serve, the next manager adopts them, and commands work', async () => {
  const port = await freePort();
  await using rig = await createRig({
    stateDir: 'disk/state',
    apps: {
      web: server('http', port, { listen: [port], logs: { stdout: 'disk/web.log', stderr: 'disk/web.err.log' } }),
    },
  });
  mountDisk(rig, 'disk', 'size=1m');
  await rig.run('start', '--json');
  const { manager, workers } = await statusOf(rig);
  fill(rig.path('disk'));
  const load = rig.load({ port, clients: 4 });
  await rig.kill9(manager);
  await rig.run('start');
  expect((await statusOf(rig)).workers).toEqual(workers);
  const told = await rig.run('deploy', 'web');
  expect(told.stdout).toMatch(/^! .*state\.json cannot be written: ENOSPC/m);
  await rig.run('scale', 'web=1');
  const files = ['state.json', 'cluster.json'];
  await eventually('the status says what cannot be written', async () => {
    const warnings = await warningsOf(rig);
    return files.every((file) => warnings.some((warning) => warning.includes(`${file} cannot be written: ENOSPC`)));
  });
  expect((await rig.run('status')).stdout).toMatch(/^! .*state\.json cannot be written: ENOSPC/m);
  await load.more(50);
  expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  free(rig.path('disk'));
  await eventually('all of it is written again', async () => (await warningsOf(rig)).length === 0);
  // The log of the events was on the same disk, and is tried again as often.
  await eventually('the events say so', async () => {
    const { stdout } = await rig.run('events');
    return files.every((file) => stdout.includes(`${file} is written again`));
  });
  await rig.run('stop');
});

async function warningsOf(rig: Rig): Promise<readonly string[]> {
  return (await rig.json<Status>('status')).manager.warnings;
}

async function statusOf(rig: Rig) {
  const { manager, apps } = await rig.json<{ manager: { pid: number }; apps: { workers: { pid: number }[] }[] }>(
    'status',
  );
  return { manager: manager.pid, workers: apps.flatMap((app) => app.workers.map(({ pid }) => pid)) };
}
