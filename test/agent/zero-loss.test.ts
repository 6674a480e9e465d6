// Unmodified apps, replaced under load: no request fails, and every replaced worker ends by itself.

import { describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { runGenerations } from './generations.ts';
import { WorkerRig } from './worker-rig.ts';

const apps = [
  { app: 'node:http', fixture: 'http.cjs' },
  { app: 'Express', fixture: 'express.cjs' },
  { app: 'Fastify', fixture: 'fastify.mjs' },
];
const sockets = ['declared', 'shared by node:cluster', 'round-robin by node:cluster'] as const;
const modes = ['keep-alive', 'close'] as const;

for (const { app, fixture } of apps) {
  describe(app, () => {
    for (const socket of sockets) {
      test.each(modes)(`loses no request on a port that is ${socket}, %s`, async (mode) => {
        await using rig = new WorkerRig(socket.startsWith('round') ? 'round-robin' : 'shared');
        const port = socket === 'declared' ? rig.declare() : await freePort();
        const primary = await rig.primary();
        const { load, exits } = await runGenerations(primary, { fixture, port, mode });
        expect(load.errors).toEqual({});
        expect(load.answered).toBeGreaterThan(1000);
        expect(new Set(exits)).toEqual(new Set(['0']));
      });
    }
  });
}

describe('an app that', () => {
  const cases = [
    { does: 'answers slowly', path: '/slow', env: {} },
    { does: 'streams its responses', path: '/stream', env: {} },
    { does: 'sets Connection: keep-alive itself', path: '/proxied', env: {} },
    { does: 'sets Connection: keep-alive in writeHead', path: '/proxied-head', env: {} },
    { does: 'sets Connection: keep-alive in a list of headers', path: '/proxied-list', env: {} },
    { does: 'closes its server on SIGTERM', path: '/', env: { HANDLER: 'close' } },
    { does: 'closes its server on SIGTERM and ends when nothing is left', path: '/', env: { HANDLER: 'close-only' } },
    { does: 'exits at once on SIGTERM', path: '/slow', env: { HANDLER: 'exit-at-once' } },
  ];
  test.each(cases)('$does loses no request', async ({ path, env }) => {
    await using rig = new WorkerRig();
    const port = rig.declare();
    const primary = await rig.primary();
    const { load, exits } = await runGenerations(primary, { fixture: 'http.cjs', port, mode: 'keep-alive', path, env });
    expect(load.errors).toEqual({});
    expect(new Set(exits)).toEqual(new Set(['0']));
  });

  test('exits on "shutdown" loses no request', async () => {
    await using rig = new WorkerRig();
    const port = rig.declare();
    const primary = await rig.primary();
    const options = {
      fixture: 'http.cjs',
      port,
      mode: 'keep-alive',
      path: '/slow',
      env: { HANDLER: 'shutdown' },
    } as const;
    const { load, exits } = await runGenerations(primary, options);
    expect(load.errors).toEqual({});
    expect(new Set(exits)).toEqual(new Set(['7']));
  });
});
