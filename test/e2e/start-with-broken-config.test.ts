// `start` with a config that cannot be used: it says what is wrong, changes nothing, and where an earlier manager has left
// something running, a manager is there again to look after it.
//
// @module-tag more

import { existsSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { puppet, server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { processesOf } from '../support/process-table.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';

const FAULT = /evenkeel\.config\.yaml:\d+:\d+: apps\.web\.scrpt: unknown key/;

/** Its manager is dead, its apps run, and the config has got a fault. */
async function abandonedRig(): Promise<{
  readonly rig: Rig;
  readonly port: number;
  readonly pids: readonly unknown[];
}> {
  const port = await freePort();
  const rig = await createRig({ apps: { web: server('http', port, { listen: [port] }), api: puppet() } });
  const starting = rig.run('start');
  await (await rig.puppets.next()).listen(await freePort());
  await starting;
  const pids = [await rig.pids('web'), await rig.pids('api')];
  await rig.kill9((await rig.status()).manager.pid);
  rig.editApp('web', { scrpt: 'typo.js' });
  return { rig, port, pids };
}

describe('start with a broken config and a dead manager', () => {
  test('exits with 2 and the faults, and a manager has adopted what runs', async () => {
    const { rig, port, pids } = await abandonedRig();
    await using _ = rig;
    const load = rig.load({ port, clients: 4 });
    const { code, stderr } = await rig.cli('start');
    expect(code).toBe(2);
    expect(stderr).toMatch(FAULT);
    expect([await rig.pids('web'), await rig.pids('api')]).toEqual(pids);
    expect((await rig.run('logs', 'web', '-n', '1')).code).toBe(0);
    expect((await rig.cli('reload')).code).toBe(2);
    await load.more(50);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    rig.editApp('web', { scrpt: undefined });
    await rig.run('reload');
    expect([await rig.pids('web'), await rig.pids('api')]).toEqual(pids);
    await rig.run('stop');
    expect(processesOf(rig.dir)).toEqual([]);
  });

  test('also where the state of the manager was lost', LONG, async () => {
    const { rig, pids } = await abandonedRig();
    await using _ = rig;
    rmSync(rig.state.stateFile);
    const { code, stderr } = await rig.cli('start', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
    expect([await rig.pids('web'), await rig.pids('api')]).toEqual(pids);
    await rig.run('stop', 'web');
    expect((await rig.app('api')).state).toBe('online');
  });

  test('in the foreground it stays, to look after what runs', LONG, async () => {
    const { rig, pids } = await abandonedRig();
    await using _ = rig;
    const manager = rig.spawnCli(['start', '--foreground']);
    await manager.waitForLine(FAULT, 'stderr');
    expect([await rig.pids('web'), await rig.pids('api')]).toEqual(pids);
    manager.kill('SIGTERM');
    expect((await manager.ended).code).toBe(0);
    expect(processesOf(rig.dir)).toEqual([]);
  });
});

describe('start with a broken config', () => {
  test('where nothing has ever run starts nothing, and leaves nothing', async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort(), { scrpt: 'typo.js' }) } });
    const { code, stderr } = await rig.cli('start');
    expect(code).toBe(2);
    expect(stderr).toMatch(FAULT);
    expect(processesOf(rig.dir)).toEqual([]);
    expect(existsSync(rig.state.dir)).toBe(false);
  });

  test('where everything was stopped starts nothing', LONG, async () => {
    await using rig = await createRig({ apps: { web: server('http', await freePort()) } });
    await rig.run('start');
    await rig.run('stop');
    rig.editApp('web', { scrpt: 'typo.js' });
    const { code, stderr } = await rig.cli('start');
    expect(code).toBe(2);
    expect(stderr).toMatch(FAULT);
    expect(processesOf(rig.dir)).toEqual([]);
    expect((await rig.cli('status')).code).toBe(3);
  });
});
