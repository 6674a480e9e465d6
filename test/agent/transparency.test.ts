// An app under the agent is as under plain Node.

import { expect, test } from 'vitest';
import { startLoad } from '../support/load.ts';
import { WorkerRig } from './worker-rig.ts';

test.each(['exit', 'replace'] as const)(
  'neither the app, nor its threads, nor its children see the agent (onUncaught: %s)',
  async (onUncaught) => {
    await using rig = new WorkerRig();
    const primary = await rig.primary();
    const execArgv = ['--no-deprecation', '--require', 'node:path'];
    const worker = await primary.fork('nothing-leaks.cjs', { execArgv, onUncaught });
    const clean = { env: [], execArgv: ['--no-deprecation', '--require', 'node:path'], argv: [] };
    expect(await worker.message()).toMatchObject({
      self: clean,
      thread: { ...clean, patched: false },
      child: { ...clean, argv: ['child'], patched: false },
      listeners: expect.not.arrayContaining(['uncaughtException', 'unhandledRejection', 'SIGTERM', 'exit']),
    });
  },
);

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
