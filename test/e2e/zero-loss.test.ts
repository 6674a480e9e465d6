// P1, in short: unmodified servers lose no request, whatever replaces their workers. The long version with its table is
// bench/zero-loss.mjs and docs/zero-loss.md.

import { describe, expect, test } from 'vitest';
import { server } from '../support/apps.ts';
import { freePort } from '../support/free-port.ts';
import type { Load } from '../support/load.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { longUnless, MORE, type Tier } from '../support/tiers.ts';

const CLIENTS = 32;
const PAUSE_MS = 30;
const KINDS = ['http', 'express', 'fastify'] as const;
const MODES = ['keep-alive', 'close'] as const;

/** One after the other, under the same load. */
const ACTS: readonly [string, (rig: Rig) => Promise<unknown>][] = [
  ['deploy all-at-once', (rig) => rig.run('deploy', 'web')],
  ['deploy rolling', deployRolling],
  ['reload with an env change', (rig) => reloadWith(rig, { env: 'changed' })],
  ['scale up', (rig) => rig.run('scale', 'web=3')],
  ['scale down', (rig) => rig.run('scale', 'web=1')],
  ['rollback', (rig) => rig.run('rollback', 'web')],
  ['restart of one worker after another by schedule', replaceBySchedule],
  ['the death of the manager and its successor', killManager],
];

for (const [kind, mode] of KINDS.flatMap((kind) => MODES.map((mode) => [kind, mode] as const))) {
  test(`${kind}, ${mode}: no request is lost`, tierOf(kind, mode), async () => {
    const port = await freePort();
    await using rig = await createRig({ apps: { web: server(kind, port) } });
    await rig.run('start');
    const load = rig.load({ port, clients: CLIENTS, pause: PAUSE_MS, mode });
    await load.more(CLIENTS);
    for (const [act, perform] of ACTS) {
      await perform(rig);
      await load.more(100);
      expectNoLoss(act, load);
    }
  });
}

describe.each([
  ['declared ports', 'close', (port: number) => ({ listen: [port] })],
  ['round-robin', null, () => ({ balance: 'round-robin' })],
] as const)('%s', (_what, short, options) => {
  for (const mode of MODES)
    test(`${mode}: no request is lost`, longUnless(mode === short), async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: server('http', port, options(port)) } });
      await rig.run('start');
      const load = rig.load({ port, clients: CLIENTS, pause: PAUSE_MS, mode });
      for (const [act, perform] of ACTS.slice(0, 5)) {
        await perform(rig);
        await load.more(100);
        expectNoLoss(act, load);
      }
    });
});

describe.each(['own-sigterm', 'exit-on-shutdown'])('an app with its own idea of stopping: %s', (kind) => {
  for (const mode of MODES)
    test(`${mode}: no request is lost`, longUnless(kind === 'own-sigterm' && mode === 'keep-alive'), async () => {
      const port = await freePort();
      await using rig = await createRig({ apps: { web: server(kind, port) } });
      await rig.run('start');
      const load = rig.load({ port, clients: CLIENTS, pause: PAUSE_MS, mode });
      await load.more(CLIENTS);
      for (let count = 0; count < 2; count += 1) await rig.run('deploy', 'web');
      await load.more(100);
      expectNoLoss('two deploys', load);
    });
});

function tierOf(kind: (typeof KINDS)[number], mode: (typeof MODES)[number]): Tier {
  if (kind === 'express' && mode === 'close') return MORE;
  return longUnless(kind === 'http' && mode === 'keep-alive');
}

function expectNoLoss(act: string, load: Load): void {
  const { answered, failed, failures } = load.lap();
  expect({ act, failed, failures }).toEqual({ act, failed: 0, failures: [] });
  expect(answered).toBeGreaterThan(0);
}

async function deployRolling(rig: Rig): Promise<void> {
  rig.editApp('web', { deploy: { strategy: 'rolling', settle: '50ms' } });
  await rig.run('reload');
  await rig.run('deploy', 'web');
}

async function reloadWith(rig: Rig, env: Readonly<Record<string, string>>): Promise<void> {
  rig.editEnv('web', env);
  await rig.run('reload');
}

async function replaceBySchedule(rig: Rig): Promise<void> {
  const events = await rig.events();
  rig.editApp('web', { restart: { schedule: '* * * * * *' } });
  await rig.run('reload');
  await events.waitFor('worker-draining', ({ reason }) => reason.includes('schedule'));
  await events.waitFor('worker-exited');
  rig.editApp('web', { restart: { schedule: null } });
  await rig.run('reload');
  events.close();
}

async function killManager(rig: Rig): Promise<void> {
  await rig.kill9((await rig.status()).manager.pid);
  await rig.run('start');
}
