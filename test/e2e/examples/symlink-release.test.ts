// examples/symlink-release: a `current` link that is switched between deploys.
//
// @module-tag more

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { exampleRig } from '../../support/example.ts';
import { release } from '../../support/releases.ts';
import { LONG } from '../../support/tiers.ts';

test('row 15: a generation stays in the folder that `current` named when it was deployed', LONG, async () => {
  const { rig, port } = await exampleRig('symlink-release', 3000);
  await using _ = rig;
  const answer = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/`)).json();
  const from = (number: string) => ({ version: number, folder: rig.path('releases', number) });
  await rig.run('start');
  expect(await answer()).toMatchObject(from('1'));

  const load = rig.load({ port, clients: 8 });
  release(rig, 2);
  // Also a worker that comes back is of its generation.
  const [pid = null] = await rig.pids('web');
  await rig.kill9(pid ?? 0);
  await rig.appWhere('web', 'its successor is ready', (app) => {
    return app.ready === 2 && !app.workers.some((worker) => worker.pid === pid);
  });
  expect(await answer()).toMatchObject(from('1'));
  await load.more(50);
  load.lap();

  await rig.run('deploy', 'web');
  await load.more(50);
  expect(await answer()).toMatchObject(from('2'));
  await rig.run('rollback', 'web');
  expect(await answer()).toMatchObject(from('1'));
  // The link leads where it led; the next deploy goes by it.
  await rig.run('deploy', 'web');
  await eventually('release 2 serves', async () => JSON.stringify(await answer()).includes('"version":"2"'));
  await load.more(50);
  const { failed, failures } = load.lap();
  expect({ failed, failures }).toEqual({ failed: 0, failures: [] });
  expect(readFileSync(rig.path('current', 'server.mjs'), 'utf8')).toContain("version: '2'");
});
