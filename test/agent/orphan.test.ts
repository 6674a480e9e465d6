// The cluster process is killed: its workers serve on, find its successor, and drain when that says so.
//
// @module-tag more

import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startLoad } from '../support/load.ts';
import { isAlive } from '../support/process-table.ts';
import { WorkerRig } from './worker-rig.ts';

test.each(['keep-alive', 'close'] as const)(
  'orphans serve on, then hand over to a successor, under load: %s',
  async (mode) => {
    await using rig = new WorkerRig();
    const port = rig.declare();
    const first = await rig.primary();
    const env = { PORT: `${port}` };
    const orphans = [await first.fork('orphan.cjs', { env }), await first.fork('orphan.cjs', { env })];
    await Promise.all(orphans.map((worker) => worker.says('listening')));
    const load = startLoad({ port, mode, clients: 16 });
    await load.more(300);
    await first.kill();
    await load.more(300);
    const second = await rig.primary();
    const adopted = await Promise.all(orphans.map(({ pid }) => second.orphan(pid)));
    expect(await adopted[0]?.says('hello')).toMatchObject({ orphan: true, generation: 1, slot: 0 });
    expect((await adopted[0]?.metrics())?.requests).toBeGreaterThan(0);
    expect(await adopted[1]?.probe('/healthz')).toBe('ok: GET /healthz answered 200');
    const next = await second.fork('http.cjs', { env: { ...env, VERSION: '2' } });
    await next.says('listening');
    load.lap();
    for (const worker of adopted) worker.drain();
    await Promise.all(adopted.map((worker) => worker.says('drained')));
    await load.sees(2);
    const report = await load.stop();
    expect(report.errors).toEqual({});
    expect(report.answered).toBeGreaterThan(600);
  },
);

test.each(['process', 'worker'])(
  'an app that ends when it hears of a lost channel (on %s) hears of it when it is drained',
  async (on) => {
    await using rig = new WorkerRig();
    const port = rig.declare();
    const first = await rig.primary();
    const note = join(rig.folder, 'note');
    const worker = await first.fork('leaves.cjs', { env: { PORT: `${port}`, ON: on, NOTE: note } });
    await worker.says('listening');
    await first.kill();
    const second = await rig.primary();
    const orphan = await second.orphan(worker.pid);
    const load = startLoad({ port, mode: 'close', clients: 1 });
    await load.more(50);
    expect((await load.stop()).errors).toEqual({});
    expect(existsSync(note)).toBe(false);
    orphan.drain();
    await expect.poll(() => isAlive(worker.pid), { timeout: 20_000 }).toBe(false);
    expect(readFileSync(note, 'utf8')).toBe(on);
  },
);

test("one whose listener of 'disconnect' throws ends all the same", async () => {
  await using rig = new WorkerRig();
  const env = { PORT: `${rig.declare()}`, ON: 'process', NOTE: join(rig.folder, 'note'), THROWS: '1' };
  const first = await rig.primary();
  const worker = await first.fork('leaves.cjs', { env });
  await worker.says('listening');
  await first.kill();
  const second = await rig.primary();
  const orphan = await second.orphan(worker.pid);
  orphan.drain();
  await expect.poll(() => isAlive(worker.pid), { timeout: 10_000 }).toBe(false);
  expect(readFileSync(env.NOTE, 'utf8')).toBe('process');
});

test('one that may not connect to the successor drains when a signal tells it to', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('denied.cjs', { env: { PORT: `${port}` } });
  await worker.says('listening');
  process.kill(worker.pid, 'SIGURG');
  const slow = startLoad({ port, mode: 'keep-alive', path: '/very-slow', clients: 1 });
  await expect.poll(async () => (await worker.metrics()).connections).toBe(1);
  await primary.kill();
  await denyConnections(join(rig.folder, 'agents.sock'));
  const report = slow.stop();
  // Nobody sees when it has tried to connect; before that, the signal is nothing to it.
  await expect.poll(() => killIfThere(worker.pid), { timeout: 20_000 }).toBe(false);
  expect(await report).toMatchObject({ failed: 0, errors: {} });
});

/** A socket that nobody may connect to but root, which the worker is not. */
async function denyConnections(path: string): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(`${path}.new`);
  await once(server, 'listening');
  chmodSync(`${path}.new`, 0);
  renameSync(`${path}.new`, path);
}

function killIfThere(pid: number): boolean {
  if (!isAlive(pid)) return false;
  process.kill(pid, 'SIGURG');
  return true;
}

test('a drain that is under way when the cluster process is killed goes on', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const first = await rig.primary();
  const until = join(rig.folder, 'until');
  const worker = await first.fork('http.cjs', { env: { PORT: `${port}`, UNTIL: until } });
  await worker.says('listening');
  const load = startLoad({ port, mode: 'keep-alive', path: '/until', clients: 1 });
  await expect.poll(async () => (await worker.metrics()).connections).toBe(1);
  worker.drain();
  await worker.says('draining');
  await first.kill();
  const second = await rig.primary();
  const orphan = await second.orphan(worker.pid);
  expect(await orphan.says('draining')).toMatchObject({ inFlight: 1 });
  writeFileSync(until, '');
  expect(await orphan.says('drained')).toMatchObject({ finished: 1 });
  const next = await second.fork('http.cjs', { env: { PORT: `${port}`, UNTIL: until } });
  await next.says('listening');
  expect((await load.stop()).errors).toEqual({});
});
