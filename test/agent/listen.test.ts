// What becomes of server.listen.

import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { RawClient } from './raw-client.ts';
import { WorkerRig } from './worker-rig.ts';

test('a server may close and listen again on a declared port, after a check whether the port is free', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('again.cjs', { env: { PORT: `${port}` } });
  for (const round of [0, 1, 2]) {
    await primary.when(`round ${round}`, (news) => (news.type === 'app' && isRound(news.message, round) ? true : null));
    const client = await RawClient.to(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await client.gets(`"pid":${worker.pid}`);
    client.close();
    if (round < 2) primary.message(worker.key, 'again');
  }
  await primary.when('the second server', (news) =>
    news.type === 'app' && JSON.stringify(news.message) === '{"second":"EADDRINUSE"}' ? true : null,
  );
});

function isRound(message: unknown, round: number): boolean {
  return JSON.stringify(message) === JSON.stringify({ round });
}

test('a declared unix socket is used and stays', async () => {
  await using rig = new WorkerRig();
  const path = rig.declareUnix();
  const primary = await rig.primary();
  for (const text of ['first', 'second']) {
    const worker = await primary.fork('tcp.cjs', { env: { SOCKET: path } });
    expect(await worker.says('listening')).toMatchObject({ address: path, declared: path });
    const echo = await new Promise((resolve, reject) => {
      const socket = connect(path, () => socket.write(text));
      socket.on('data', (data) => {
        resolve(String(data));
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(echo).toBe(text);
    worker.drain();
    expect(await worker.exit()).toBe('0');
  }
});

test('an app that asks for a narrower address than the declared one fails at boot, and is told what to do', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('listens.cjs', { env: { OPTIONS: JSON.stringify({ port, host: '127.0.0.1' }) } });
  expect(await worker.exit()).toBe('1');
  expect(worker.output()).toContain(
    `The app listens on 127.0.0.1:${port}, but its config declares "listen: ${port}", which is reachable from more ` +
      `places. Declare "127.0.0.1:${port}" in the config, or let the app listen on port ${port} without a host.`,
  );
});

test('an app that asks for every interface gets the narrower address that is declared', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare('127.0.0.1');
  const primary = await rig.primary();
  const worker = await primary.fork('listens.cjs', { env: { OPTIONS: JSON.stringify({ port }) } });
  expect(await worker.says('listening')).toMatchObject({ declared: `127.0.0.1:${port}`, address: `127.0.0.1:${port}` });
  expect(await worker.message()).toMatchObject({ address: '127.0.0.1', port });
});

test('several workers share a port that they ask for with reusePort', async () => {
  await using rig = new WorkerRig();
  const port = await freePort();
  const primary = await rig.primary();
  const env = { OPTIONS: JSON.stringify({ port, host: '127.0.0.1', reusePort: true }) };
  for (const worker of [await primary.fork('listens.cjs', { env }), await primary.fork('listens.cjs', { env })]) {
    expect(await worker.says('listening')).toMatchObject({ declared: null, address: `127.0.0.1:${port}` });
  }
});

test('an invalid call fails as it does in plain Node', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('listens.cjs', { gate: true, env: { OPTIONS: JSON.stringify({ port: 70_000 }) } });
  expect(await worker.exit()).toBe('1');
  expect(worker.output()).toContain('ERR_SOCKET_BAD_PORT');
});
