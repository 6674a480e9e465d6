// Unix sockets of apps that remove them, and what is left of them when processes are killed.
//
// @module-tag more

import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { killHard } from '../support/process-table.ts';
import { createRig, fixture, type Rig } from '../support/rig.ts';
import { tiers } from '../support/tiers.ts';

const path = (rig: Rig): string => rig.path('app.sock');

const app = (more: object = {}) => ({
  ...{ script: fixture('unlinks.mjs'), workers: 2, env: { SOCKET: 'app.sock' }, deploy: { settle: '100ms' } },
  ...more,
});

/** The generation that answers. */
function ask(rig: Rig): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: path(rig), agent: false }, (response) => resolve(text(response)));
    asked.on('error', reject).end();
  });
}

describe('an app that removes its socket before it listens and on SIGTERM', () => {
  for (const [rows, tier] of tiers([
    ['not declared', {}],
    ['declared', { listen: ['./app.sock'] }],
    ['balance: round-robin', { balance: 'round-robin' }],
  ]))
    test.each(rows)(
      '%s: answers after every deploy and worker change, and leaves nothing when it stops',
      tier,
      async (_name, more) => {
        await using rig = await createRig({ apps: { web: app(more) } });
        await rig.run('start');
        expect(await ask(rig)).toBe('1');
        for (const generation of ['2', '3']) {
          await rig.run('deploy', 'web');
          expect(await ask(rig)).toBe(generation);
        }
        await rig.run('scale', 'web=1');
        expect(await ask(rig)).toBe('3');
        await rig.run('stop');
        expect(existsSync(path(rig))).toBe(false);
      },
    );
});

describe('a unix socket that is not declared, when everything but the manager is killed', () => {
  test('the app is up again', async () => {
    await using rig = await createRig({ apps: { web: app({ env: { SOCKET: 'app.sock', KEEP: 'yes' } }) } });
    await rig.run('start');
    const before = await rig.app('web');
    for (const pid of [before.clusterPid, ...before.workers.map((worker) => worker.pid)]) killHard(pid ?? 0);
    await rig.appWhere(
      'web',
      'is back',
      ({ state, clusterPid }) => state === 'online' && clusterPid !== before.clusterPid,
    );
    expect(await ask(rig)).toBe('1');
  });
});

test('a socket that somebody else serves stays, and so does a file', async () => {
  await using rig = await createRig({ apps: { web: app(), other: app({ env: { SOCKET: 'app.sock', KEEP: 'yes' } }) } });
  await rig.run('start', 'web');
  expect((await rig.cli('start', 'other')).code).toBe(1);
  await rig.run('stop', 'other');
  expect(await ask(rig)).toBe('1');
  await rig.run('stop', 'web');
  rig.write('app.sock', 'precious');
  await rig.cli('start', 'other');
  expect(rig.read('app.sock')).toBe('precious');
});
