// The gate, and the private probe: a worker is asked before, and while, it serves.
//
// @module-tag more

import { get as httpGet } from 'node:http';
import { expect, test } from 'vitest';
import { WorkerRig } from './worker-rig.ts';

const servers = [
  { name: 'node:http', fixture: 'http.cjs', env: {} },
  { name: 'node:https', fixture: 'https.cjs', env: {} },
  { name: 'Express', fixture: 'express.cjs', env: {} },
  { name: 'Fastify', fixture: 'fastify.mjs', env: {} },
  { name: 'HTTP/2', fixture: 'http2.cjs', env: {} },
  { name: 'HTTP/2 over TLS', fixture: 'http2.cjs', env: { SECURE: 'yes' } },
];

for (const { name, fixture, env } of servers) {
  for (const socket of ['declared', 'free'] as const) {
    test(`${name} on a ${socket} port is probed before it listens, and after`, async () => {
      await using rig = new WorkerRig();
      const port = socket === 'declared' ? rig.declare() : 0;
      const primary = await rig.primary();
      const worker = await primary.fork(fixture, { gate: true, env: { ...env, PORT: `${port}` } });
      expect((await worker.says('held')).address).toMatch(new RegExp(`${port}$`));
      expect(await worker.probe('/healthz')).toBe('ok: GET /healthz answered 200');
      expect(worker.messages().filter(({ type }) => type === 'listening')).toEqual([]);
      worker.tell({ type: 'open' });
      expect((await worker.says('listening')).declared).toBe(socket === 'declared' ? `${port}` : null);
      expect(await worker.probe('/healthz')).toBe('ok: GET /healthz answered 200');
      expect(await worker.metrics()).toMatchObject({ connections: 0, requests: 0 });
      worker.drain();
      expect(await worker.exit()).toBe('0');
    });
  }
}

test('the answer to a probe says what is wrong', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('http.cjs', { env: { HEALTH: '503' } });
  await worker.says('listening');
  expect(await worker.probe('/healthz')).toBe('not ok: GET /healthz answered 503');
  expect(await worker.probe('/healthz', { status: 503 })).toBe('ok: GET /healthz answered 503');
  // What may be secret is not told.
  expect(await worker.probe('/healthz?token=hunter2')).toBe('ok: GET /healthz answered 200');
  expect(await worker.probe('/', { status: 204 })).toBe('not ok: GET / answered 200');
  expect(await worker.probe('/never', { timeout: 50 })).toBe('not ok: GET /never got no answer within 50 ms');
  const idle = await primary.fork('idle.cjs');
  expect(await idle.probe('/healthz')).toBe('not ok: no HTTP server listens');
});

test('a probe that is under way does not hold up a drain', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('http.cjs');
  await worker.says('listening');
  worker.tell({ type: 'probe', id: 99, path: '/never', status: null, timeout: 60_000 });
  worker.drain();
  expect(await worker.exit()).toBe('0');
});

test('while its listen is held, a server is as one that does not listen yet, and can be closed', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('held.cjs', { gate: true, env: { PORT: `${port}` } });
  await worker.prints('closed while held');
  worker.tell({ type: 'open' });
  expect(await worker.message()).toEqual({ opened: true, port });
  expect(worker.output()).toBe(
    'returned the server: true; listening false, address null\n' +
      'again: ERR_SERVER_ALREADY_LISTEN\n' +
      'closed while held: no error, false\n',
  );
  const answer = await new Promise((resolve) => httpGet({ port }, resolve));
  expect(answer).toMatchObject({ statusCode: 200 });
  await worker.says('listening');
  expect(worker.messages().filter(({ type }) => type === 'listening')).toHaveLength(1);
});

test('a worker that is drained while its listen is held never listens', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('http.cjs', { gate: true, env: { HANDLER: 'close' } });
  await worker.says('held');
  worker.drain();
  worker.tell({ type: 'open' });
  expect(await worker.exit()).toBe('0');
  expect(worker.output()).toContain('closed: no error');
  expect(worker.messages().filter(({ type }) => type === 'listening')).toEqual([]);
});
