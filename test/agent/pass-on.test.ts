// The cluster process is killed, and nobody but its workers has the declared sockets: an orphan passes them on.
//
// @module-tag more

import { rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { frames, sendFrame } from '../../src/platform/ndjson-stream.ts';
import { receiveSockets } from '../../src/platform/pass-sockets.ts';
import { isSocketOffer } from '../../src/protocol/socket-passing.ts';
import { startLoad } from '../support/load.ts';
import { WorkerRig } from './worker-rig.ts';

const FOREVER = new AbortController().signal;

interface Successor {
  /** The hello of each orphan, as it came. */
  hello(): Promise<Record<string, unknown>>;
  /** Tells the orphan to offer these, and gives the ports of what came. */
  ask(addresses: readonly string[]): Promise<readonly (number | undefined)[]>;
}

/** Stands where the workers of a killed cluster process look for the next one. */
async function succeed(rig: WorkerRig): Promise<Successor> {
  const path = join(rig.folder, 'agents.sock');
  rmSync(path, { force: true });
  const server = net.createServer();
  onTestFinished(() => {
    server.close();
  });
  server.listen(path);
  const hello = deferred<Record<string, unknown>>();
  const link = deferred<net.Socket>();
  let offered = deferred<net.Socket>();
  server.on('connection', (connection) => {
    connection.on('error', () => {});
    const stop = frames(
      connection,
      (value) => {
        if (isSocketOffer(value)) {
          stop();
          return offered.resolve(connection);
        }
        if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'hello') return;
        hello.resolve({ ...value });
        link.resolve(connection);
      },
      () => {},
    );
  });
  return {
    hello: () => hello.promise,
    async ask(addresses) {
      offered = deferred<net.Socket>();
      sendFrame(await link.promise, { type: 'offer-sockets', addresses });
      const received = await receiveSockets(await offered.promise, addresses, FOREVER);
      onTestFinished(() => {
        for (const { handle } of received) handle.close();
      });
      return received.map(({ handle }) => {
        const name: { port?: number } = {};
        handle.getsockname?.(name);
        return name.port;
      });
    },
  };
}

test('an orphan passes on what it listens on and what it only inherited, and serves on', async () => {
  await using rig = new WorkerRig();
  const [used, unused] = [rig.declare(), rig.declare('127.0.0.1')];
  const primary = await rig.primary();
  const worker = await primary.fork('http.cjs', { env: { PORT: `${used}` } });
  await worker.says('listening');
  const load = startLoad({ port: used, clients: 4, mode: 'close' });
  await primary.kill();
  const successor = await succeed(rig);
  const sockets = [`${used}`, `127.0.0.1:${unused}`];
  const { startedAt, ...hello } = await successor.hello();
  expect(hello).toEqual({
    ...{ type: 'hello', app: 'test', pid: worker.pid, slot: 0, generation: 1, orphan: true },
    sockets,
  });
  expect(Math.abs(Date.now() - Number(startedAt))).toBeLessThan(60_000);
  expect(await successor.ask(sockets)).toEqual([used, unused]);
  expect(await successor.ask([`${used}`])).toEqual([used]);
  expect(await successor.ask(['none of these'])).toEqual([]);
  await load.more(20);
  expect((await load.stop()).errors).toEqual({});
});

test('one that drains has none', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('http.cjs', { env: { PORT: `${port}` } });
  await worker.says('listening');
  const slow = startLoad({ port, mode: 'keep-alive', path: '/very-slow', clients: 1 });
  await expect.poll(async () => (await worker.metrics()).connections).toBe(1);
  worker.drain();
  await worker.says('draining');
  await primary.kill();
  const successor = await succeed(rig);
  expect(await successor.hello()).toMatchObject({ sockets: [] });
  await slow.stop();
});

test('an app that listens again after a close is given the socket back, which is passed on as well', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('again.cjs', { env: { PORT: `${port}` } });
  // It has listened and closed once before this.
  expect(await worker.message()).toEqual({ round: 0 });
  await primary.kill();
  const successor = await succeed(rig);
  expect(await successor.hello()).toMatchObject({ pid: worker.pid, sockets: [`${port}`] });
  expect(await successor.ask([`${port}`])).toEqual([port]);
});
