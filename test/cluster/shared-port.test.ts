import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isShared, portOfUrl, whoTook } from '../../src/cluster/shared-port.ts';
import { bindTcp } from '../../src/platform/node-handles.ts';
import { HAS_PROC, readProcStat } from '../../src/platform/proc-stat.ts';

const OURS = readProcStat(process.pid)?.session ?? 0;
const NOBODYS = 2 ** 31;
const { signal } = new AbortController();
const FOR_EVER = Number.POSITIVE_INFINITY;

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function accepting(onConnection = (socket: Socket): void => void socket.resume()): Promise<number> {
  const server = createServer(onConnection).listen(0);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The kernel accepts for a process that does not. */
function queueing(): number {
  const bound = bindTcp('127.0.0.1', 0, 4);
  if (!bound.ok) throw new Error(bound.code);
  const name: { port?: number } = {};
  bound.handle.getsockname?.(name);
  const holder = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', bound.handle.fd] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  bound.handle.listen(511);
  bound.handle.close();
  return name.port ?? 0;
}

describe.skipIf(!HAS_PROC)('whoTook', () => {
  it('the worker that was asked', async () => {
    const socket = await connected(await accepting());
    expect(await whoTook([socket], OURS, FOR_EVER, signal)).toEqual({ by: 'worker', connection: socket });
  });

  it('the one of several connections that the worker has', async () => {
    const [queued, taken] = [await connected(queueing()), await connected(await accepting())];
    expect(await whoTook([queued, taken], OURS, FOR_EVER, signal)).toEqual({ by: 'worker', connection: taken });
  });

  it('another one', async () => {
    const socket = await connected(await accepting());
    expect(await whoTook([socket], NOBODYS, FOR_EVER, signal)).toEqual({ by: 'another' });
  });

  it('closes what another one has taken, whatever else is waited for', async () => {
    const [queued, taken] = [await connected(queueing()), await connected(await accepting())];
    const controller = new AbortController();
    const answer = whoTook([queued, taken], NOBODYS, FOR_EVER, controller.signal);
    await once(taken, 'close');
    expect(queued.destroyed).toBe(false);
    controller.abort();
    expect(await answer).toEqual({ by: 'nobody' });
  });

  it('somebody who closed it before it could be seen', async () => {
    const port = await accepting((socket) => void socket.destroy());
    expect(await whoTook([await connected(port)], OURS, FOR_EVER, signal)).toEqual({ by: 'another' });
  });

  it('nobody, for as long as was said', async () => {
    const socket = await connected(queueing());
    expect(await whoTook([socket], OURS, 100, signal)).toEqual({ by: 'nobody' });
  });

  it('nobody, until nobody wants to know any more', async () => {
    const socket = await connected(queueing());
    const controller = new AbortController();
    const taken = whoTook([socket], OURS, FOR_EVER, controller.signal);
    controller.abort();
    expect(await taken).toEqual({ by: 'nobody' });
  });

  it('does not know of other machines', async () => {
    const socket = new Socket();
    Object.defineProperties(socket, { localAddress: { value: '10.0.0.1' }, remoteAddress: { value: '10.0.0.2' } });
    expect(await whoTook([socket], OURS, FOR_EVER, signal)).toEqual({ by: 'unseen' });
  });
});

it.each([
  ['http://127.0.0.1:3000/up', 3000],
  ['http://[::1]/', 80],
  ['https://shop', 443],
])('%s has port %i', (url, port) => {
  expect(portOfUrl(url)).toBe(port);
});

it('a port is shared where it is declared', () => {
  const listen = [
    { kind: 'unix', path: '/run/a.sock' },
    { kind: 'tcp', host: '10.0.0.1', port: 3000 },
  ] as const;
  expect([isShared(listen, 3000), isShared(listen, 3001), isShared([], 3000)]).toEqual([true, false, false]);
});
