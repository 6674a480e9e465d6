// Ctrl-C while a start is under way: what it has begun is stopped again, what it has not come to is not begun, what was up
// before stays, and what is said of it is true.
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import { puppet } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { processesOf } from '../support/process-table.ts';
import { createRig, fixture } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

describe('Ctrl-C in a start', () => {
  test('stops what boots, does not begin what depends on it, and leaves what is up', async () => {
    await using rig = await createRig({
      apps: {
        api: { script: fixture('worker.mjs'), workers: 1, ready: { on: 'message' } },
        web: puppet({ dependsOn: ['api'] }),
        late: { script: fixture('worker.mjs'), workers: 1, ready: { on: 'message' }, dependsOn: ['web'] },
      },
    });
    const start = rig.spawnCli(['start']);
    await rig.puppets.next();
    start.kill('SIGINT');
    const { code, stdout, stderr } = await start.ended;
    expect(code).toBe(130);
    expect(stdout).toMatch(/✓ api +start: generation 1 serves/);
    expect(stdout).toMatch(/✗ web +start: aborted; it is stopped again/);
    expect(stdout).toMatch(/- late +skipped: it depends on web/);
    expect(stderr).not.toMatch(/is not running/);
    const states = (await rig.status()).apps.map(({ name, state }) => [name, state]);
    expect(states).toEqual([
      ['api', 'online'],
      ['web', 'stopped'],
      ['late', 'stopped'],
    ]);
    expect(processesOf(rig.dir).filter(({ command }) => command.includes('puppet'))).toEqual([]);
  });

  test('as `evenkeel abort` does, from another terminal', LONG, async () => {
    await using rig = await createRig({ apps: { web: puppet() } });
    const start = rig.spawnCli(['start']);
    const worker = await rig.puppets.next();
    expect((await rig.run('abort', 'web')).stdout).toMatch(/✓ web +abort: its start is aborted; it is stopped again/);
    expect(await start.ended).toMatchObject({ code: 1, stdout: expect.stringMatching(/✗ web +start: .*aborted/) });
    await worker.closed;
    expect((await rig.app('web')).state).toBe('stopped');
  });

  test('under a manager that runs: `start web`, and a script without a config', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ withoutConfig: true });
    const args = ['start', '--env', 'PUPPETS=puppets.sock', '--env', 'VERSION=1', fixture('puppet.mjs')];
    const first = rig.spawnCli(args);
    await rig.puppets.next();
    first.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    expect((await rig.app('puppet')).state).toBe('stopped');
    const again = rig.spawnCli(['start', 'puppet']);
    await rig.puppets.next();
    again.kill('SIGINT');
    expect(await again.ended).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/aborted; it is stopped again/),
    });
    const third = rig.spawnCli(['start', 'puppet']);
    await (await rig.puppets.next()).listen(port);
    expect((await third.ended).code).toBe(0);
  });
});
