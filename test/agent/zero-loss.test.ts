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

describe('under keep-alive load', () => {
  const cases = [
    { app: 'an app that answers slowly', path: '/slow', requests: 150 },
    { app: 'an app that streams its responses', path: '/stream', requests: 100 },
    { app: 'an app that sets Connection: keep-alive itself', path: '/proxied' },
    { app: 'an app that sets Connection: keep-alive in writeHead', path: '/proxied-head' },
    { app: 'an app that sets Connection: keep-alive in a list of headers', path: '/proxied-list' },
    { app: 'an app that closes its server on SIGTERM', env: { HANDLER: 'close' } },
    { app: 'an app that closes its server on SIGTERM and ends by itself', env: { HANDLER: 'close-only' } },
    { app: 'an app that exits at once on SIGTERM', path: '/slow', requests: 150, env: { HANDLER: 'exit-at-once' } },
    { app: 'an app that exits on "shutdown"', path: '/slow', requests: 150, env: { HANDLER: 'shutdown' }, exit: '7' },
  ];
  for (const { app, exit = '0', ...options } of cases) {
    test(`${app} loses no request`, async () => {
      await using rig = new WorkerRig();
      const port = rig.declare();
      const primary = await rig.primary();
      const report = await runGenerations(primary, { fixture: 'http.cjs', port, mode: 'keep-alive', ...options });
      expect(report.load.errors).toEqual({});
      expect(new Set(report.exits)).toEqual(new Set([exit]));
    });
  }
});
