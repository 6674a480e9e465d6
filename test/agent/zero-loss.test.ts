// Unmodified apps, replaced under load: no request fails, and every replaced worker ends by itself. The load can be
// raised: AGENT_TEST_CLIENTS, AGENT_TEST_REQUESTS (between two replacements).
//
// @module-tag more

import { describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { longUnless } from '../support/tiers.ts';
import { runGenerations } from './generations.ts';
import { WorkerRig } from './worker-rig.ts';

const HTTP = { app: 'node:http', fixture: 'http.cjs', generations: 3 };
const EXPRESS = { app: 'Express', fixture: 'express.cjs' };
const FASTIFY = { app: 'Fastify', fixture: 'fastify.mjs' };
const KEPT = { mode: 'keep-alive' } as const;
const CLOSED = { mode: 'close' } as const;
const DECLARED = { socket: 'declared', policy: 'shared' } as const;
const SHARED = { socket: 'shared by node:cluster', policy: 'shared' } as const;
const ROUND_ROBIN = { socket: 'served by node:cluster in turn', policy: 'round-robin' } as const;

const cells = [
  ...[DECLARED, SHARED, ROUND_ROBIN].flatMap((port) => [KEPT, CLOSED].map((mode) => ({ ...HTTP, ...port, ...mode }))),
  ...[EXPRESS, FASTIFY].flatMap((app) => [KEPT, CLOSED].map((mode) => ({ ...app, ...DECLARED, ...mode }))),
  ...[EXPRESS, FASTIFY].map((app) => ({ ...app, ...SHARED, ...KEPT })),
  ...[EXPRESS, FASTIFY].map((app) => ({ ...app, ...ROUND_ROBIN, ...CLOSED })),
];

for (const [index, { app, socket, policy, ...options }] of cells.entries()) {
  test(
    `${app} on a port that is ${socket} loses no request, ${options.mode}`,
    longUnless(index % 2 === 0),
    async () => {
      await using rig = new WorkerRig(policy);
      const port = socket === 'declared' ? rig.declare() : await freePort();
      const primary = await rig.primary();
      const { load, exits } = await runGenerations(primary, { ...options, port });
      expect(load.errors).toEqual({});
      expect(load.answered).toBeGreaterThan(600);
      if (options.mode === 'keep-alive') expect(load.reused).toBeGreaterThan(load.answered / 2);
      expect(new Set(exits)).toEqual(new Set(['0']));
    },
  );
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
    test(`${app} loses no request`, longUnless(!app.includes('sets Connection')), async () => {
      await using rig = new WorkerRig();
      const port = rig.declare();
      const primary = await rig.primary();
      const report = await runGenerations(primary, { fixture: 'http.cjs', port, mode: 'keep-alive', ...options });
      expect(report.load.errors).toEqual({});
      expect(report.load.reused).toBeGreaterThan(report.load.answered / 2);
      expect(new Set(report.exits)).toEqual(new Set([exit]));
    });
  }
});
