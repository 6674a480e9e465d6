// An app under the agent is as under plain Node.

import { expect, test } from 'vitest';
import { startLoad } from '../support/load.ts';
import { get, RawClient } from './raw-client.ts';
import { WorkerRig } from './worker-rig.ts';

test('neither the app, nor its threads, nor its children see the agent', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('nothing-leaks.cjs', { execArgv: ['--no-deprecation', '--require', 'node:path'] });
  const clean = { env: [], execArgv: ['--no-deprecation', '--require', 'node:path'], argv: [] };
  expect(await worker.message()).toMatchObject({
    self: clean,
    thread: { ...clean, patched: false },
    child: { ...clean, argv: ['child'], patched: false },
    listeners: expect.not.arrayContaining(['uncaughtException', 'unhandledRejection', 'SIGTERM', 'exit']),
  });
});

test.each([
  { name: 'has nothing to do', env: {}, output: 'done\n' },
  { name: 'binds a UDP socket and closes it', env: { UDP: 'yes' }, output: 'done\nbound\n' },
  { name: 'listens and closes', env: { LISTEN: 'yes' }, output: 'done\nbound\n' },
])('an app that $name ends by itself', async ({ env, output }) => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('ends.cjs', { env });
  expect(await worker.exit()).toBe('0');
  expect(worker.output()).toBe(output);
});

test('an app that disconnects its channel serves on, and can be drained', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('disconnects.cjs', { env: { PORT: `${port}` } });
  await worker.prints('disconnected');
  const load = startLoad({ port, mode: 'close', clients: 1 });
  await load.more(10);
  expect((await load.stop()).errors).toEqual({});
  worker.drain();
  expect(await worker.exit()).toBe('0');
});

test('onUncaught: exit leaves an uncaught exception to Node', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('uncaught.cjs', { env: { PORT: `${port}` } });
  await worker.says('listening');
  (await RawClient.to(port)).send(get('/throw'));
  expect(await worker.exit()).toBe('1');
  expect(worker.messages().map(({ type }) => type)).not.toContain('replace-me');
});

test.each([
  { path: '/throw', message: 'thrown by a handler' },
  { path: '/reject', message: 'rejected by a handler' },
])(
  'onUncaught: replace asks for a replacement, serves on, and exits with 1 when drained: $path',
  async ({ path, message }) => {
    await using rig = new WorkerRig();
    const port = rig.declare();
    const primary = await rig.primary();
    const worker = await primary.fork('uncaught.cjs', { onUncaught: 'replace', env: { PORT: `${port}` } });
    await worker.says('listening');
    const slow = await RawClient.to(port);
    slow.send(get('/very-slow'));
    const failing = await RawClient.to(port);
    failing.send(get(path));
    expect(await worker.says('replace-me')).toMatchObject({ reason: `an exception was not caught: Error: ${message}` });
    failing.close();
    await worker.prints(`Error: ${message}\n    at `);
    worker.drain();
    await slow.gets('}');
    expect(await worker.exit()).toBe('1');
  },
);

test("onUncaught: replace keeps out of an app's own handling", async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('uncaught.cjs', { onUncaught: 'replace', env: { PORT: `${port}`, OWN: 'yes' } });
  await worker.says('listening');
  const client = await RawClient.to(port);
  client.send(get('/throw'));
  await worker.prints('own handler: thrown by a handler');
  client.close();
  worker.drain();
  expect(await worker.exit()).toBe('0');
  expect(worker.messages().map(({ type }) => type)).not.toContain('replace-me');
});
