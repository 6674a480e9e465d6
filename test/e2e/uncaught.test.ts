// Exceptions that nobody catches, in an unmodified app (row 8).
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import { type AppConfig, createRig } from '../support/rig.ts';
import { LONG, tiers } from '../support/tiers.ts';

const REPLACE = { onUncaught: 'replace' };

function shop(port: number, change: AppConfig = {}): AppConfig {
  return server('uncaught', port, { listen: [port], restart: REPLACE, ...change });
}

function boom(port: number): Promise<unknown> {
  return fetch(`http://127.0.0.1:${port}/boom`).then(
    ({ status }) => status,
    () => 'failed',
  );
}

describe('row 8: restart.onUncaught: replace', () => {
  for (const [rows, tier] of tiers(['keep-alive', 'close']))
    test.each(rows)(
      'under load only the request that threw fails; replaced first, then it ends, reported as a crash: %s',
      tier,
      async (mode) => {
        const port = await freePort();
        await using rig = await createRig({ apps: { web: shop(port) } });
        await rig.run('start');
        const events = await rig.events();
        const load = rig.load({ port, clients: 8, mode });
        await load.more(100);
        expect(await boom(port)).toBe('failed');
        const crash = await events.waitFor('worker-recycle');
        expect(crash.reason).toMatch(
          /^had an uncaught exception: Error: the cart is undefined, at .*uncaught\.mjs:\d+:\d+/,
        );
        const successor = await events.waitFor('worker-ready', ({ slot }) => slot === crash.slot);
        expect(await events.waitFor('worker-draining')).toMatchObject({ pid: crash.pid, reason: crash.reason });
        expect(await events.waitFor('worker-exited')).toMatchObject({
          ...{ pid: crash.pid, code: 1, signal: null, expected: false },
          reason: `exited with code 1: it ${crash.reason}`,
        });
        await load.more(100);
        expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
        const { workers } = await rig.app('web');
        expect(workers[crash.slot]).toMatchObject({ pid: successor.pid, restarts: 1 });
        expect(workers[1 - crash.slot]).toMatchObject({ restarts: 0 });
        const { stdout } = await rig.run('logs', 'web', '--stderr');
        expect(stdout).toContain('Error: the cart is undefined');
        expect(stdout).toMatch(/ {4}at .*uncaught\.mjs/);
        expect((await rig.run('events')).stdout).toContain(
          'exited with code 1: it had an uncaught exception: Error: the cart',
        );
      },
    );

  test('the only worker of an app is replaced without a gap', async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: shop(port, { workers: 1, listen: [] }) } });
    await rig.run('start');
    const events = await rig.events();
    const load = rig.load({ port, clients: 4 });
    for (let round = 0; round < 3; round += 1) {
      await load.more(20);
      expect(await boom(port)).toBe('failed');
      await events.waitFor('worker-exited', ({ expected }) => !expected);
    }
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect(await rig.app('web')).toMatchObject({ state: 'online', workers: [{ restarts: 3 }] });
  });

  test('successors that fail as well come later and later, and the app serves on', LONG, async () => {
    const port = await freePort();
    const restart = { ...REPLACE, minDelay: '40ms', maxDelay: '10s' };
    await using rig = await createRig({ apps: { web: shop(port, { workers: 1, restart }) } });
    await rig.run('start');
    const events = await rig.events();
    const delays: number[] = [];
    await boom(port);
    for (let round = 0; round < 3; round += 1) {
      await events.waitFor('worker-exited');
      await boom(port);
      delays.push((await events.waitFor('worker-backoff')).delayMs);
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ version: '1' });
    }
    for (const [index, delay] of delays.slice(1).entries()) expect(delay).toBeGreaterThan(delays[index] ?? 0);
  });

  test('a release that throws as soon as it listens fails its deploy, and the old one serves', LONG, async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: shop(port, { deploy: { settle: '30s' } }) } });
    await rig.run('start');
    const load = rig.load({ port, clients: 4 });
    await load.more(20);
    const { code, stderr } = await rig.cli('deploy', 'web', '--env', 'BROKEN=yes', '--env', 'VERSION=2');
    expect(code).toBe(1);
    expect(stderr).toMatch(/worker \d had an uncaught exception: Error: no such table: orders/);
    expect(stderr).toMatch(/wrote last:\n(?:.*\n)*.*Error: no such table: orders/);
    await load.more(20);
    expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
    expect(await rig.app('web')).toMatchObject({ generation: 1, ready: 2, lastDeploy: { outcome: 'failed' } });
  });
});

test('restart.onUncaught: exit, the default, is plain Node: the worker ends at once', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: shop(port, { restart: {} }) } });
  await rig.run('start');
  const events = await rig.events();
  expect(await boom(port)).toBe('failed');
  expect(await events.waitFor('worker-exited')).toMatchObject({
    expected: false,
    code: 1,
    reason: 'exited with code 1',
  });
  await rig.appWhere('web', 'has both again', ({ ready }) => ready === 2);
});
