// Sockets between two ends of a connection that are not parent and child. Both ends are in this process, but for the tests
// in which one dies; the couriers are real.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ListenAddress } from '../../src/core/spec.ts';
import { frames } from '../../src/platform/ndjson-stream.ts';
import { bindTcp } from '../../src/platform/node-handles.ts';
import {
  giveSockets,
  offerSockets,
  type PassableSocket,
  type ReceivedSocket,
  receiveSockets,
} from '../../src/platform/pass-sockets.ts';
import { bindListenSocket } from '../../src/platform/sockets.ts';
import { connectUnix } from '../../src/platform/unix-client.ts';
import { isSocketOffer, isSocketRequest } from '../../src/protocol/socket-passing.ts';
import { bundleProgram } from '../support/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { processesOf } from '../support/process-table.ts';
import { tempDir } from '../support/temp-dir.ts';

const FOREVER = new AbortController().signal;
const LOOPBACK: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 };
const countsDescriptors = existsSync('/proc/self/fd');

interface Holder {
  readonly path: string;
  readonly given: Promise<void>;
}

/** Gives to whoever connects those of `sockets` that it asks for. */
async function holder(folder: string, sockets: readonly PassableSocket[], signal = FOREVER): Promise<Holder> {
  const path = join(folder, 'holder.sock');
  const server = net.createServer();
  onTestFinished(() => {
    server.close();
  });
  server.listen(path);
  await once(server, 'listening');
  const given = once(server, 'connection').then(
    ([connection]: net.Socket[]) =>
      new Promise<void>((resolve, reject) => {
        if (connection === undefined) return;
        connection.on('error', () => {});
        const onClose = (): void => reject(new Error('nobody asked'));
        connection.once('close', onClose);
        const stop = frames(
          connection,
          (value) => {
            stop();
            connection.off('close', onClose);
            if (!isSocketRequest(value)) throw new Error('not a request');
            const asked = sockets.filter(({ address }) => value.addresses.includes(address));
            giveSockets(connection, asked, signal).then(resolve, reject);
          },
          reject,
        );
      }),
  );
  given.catch(() => {});
  return { path, given };
}

/** The address is the folder's path and a name, so that the couriers of this test are known by it. */
function bind(address: string, to: ListenAddress = LOOPBACK): PassableSocket & { readonly port: number | null } {
  const bound = bindListenSocket(to);
  onTestFinished(() => bound.close());
  return { address, fd: bound.fd, port: bound.port };
}

async function receive(path: string, addresses: readonly string[], signal = FOREVER) {
  const received = await receiveSockets(await connectUnix(path, 5000), addresses, signal);
  onTestFinished(() => {
    for (const { handle } of received) handle.close();
  });
  return received;
}

const portOf = ({ handle }: ReceivedSocket): number | undefined => {
  const name: { port?: number } = {};
  handle.getsockname?.(name);
  return name.port;
};

function descriptors(): number {
  return countsDescriptors ? readdirSync('/proc/self/fd').length : 0;
}

const noCouriersOf = (folder: string) =>
  eventually('the couriers are gone', () => processesOf(folder).every(({ pid }) => pid === process.pid));

function read(target: net.NetConnectOpts): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(target);
    socket.once('error', reject);
    socket.once('data', (data) => {
      resolve(String(data));
      socket.destroy();
    });
  });
}

/** Listens on descriptor 3 and answers with its pid. */
async function serveFrom(fd: number): Promise<number> {
  const script = `const net = require('net');
    net.createServer((socket) => socket.end(String(process.pid))).listen(net._createServerHandle(null, null, null, 3), () => console.log('up'));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit', fd] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  if (child.stdout === null) throw new Error('no stdout');
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

describe('passing sockets', () => {
  it('gives a process that asks the very sockets, of every kind', async () => {
    const folder = tempDir();
    const path = join(folder, 'app.sock');
    const sockets = [bind(`${folder}/a`), bind(`${folder}/b`), bind(path, { kind: 'unix', path })];
    const { path: holderPath, given } = await holder(folder, sockets);
    const received = await receive(
      holderPath,
      sockets.map(({ address }) => address),
    );
    await given;
    expect(received.map(({ address }) => address)).toEqual(sockets.map(({ address }) => address));
    expect(received.slice(0, 2).map(portOf)).toEqual(sockets.slice(0, 2).map(({ port }) => port));
    for (const [index, target] of [{ port: sockets[0]?.port ?? 0, host: '127.0.0.1' }, { path }].entries()) {
      const pid = await serveFrom(received[index * 2]?.handle.fd ?? -1);
      expect(await read(target)).toBe(String(pid));
    }
  });

  it.skipIf(!countsDescriptors).each([true, false])('leaves whether one blocks (%s) as it is', async (blocks) => {
    const folder = tempDir();
    const bound = bindTcp('127.0.0.1', 0, 4);
    if (!bound.ok) throw new Error(bound.code);
    onTestFinished(() => bound.handle.close());
    bound.handle.setBlocking(blocks);
    const { path, given } = await holder(folder, [{ address: `${folder}/a`, fd: bound.handle.fd }]);
    expect(await receive(path, [`${folder}/a`])).toHaveLength(1);
    await given;
    const [, flags = ''] = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${bound.handle.fd}`, 'utf8')) ?? [];
    expect((Number.parseInt(flags, 8) & 0o4000) === 0).toBe(blocks);
  });

  it('gives what is asked for and had, and nothing else', async () => {
    const folder = tempDir();
    const { path } = await holder(folder, [bind(`${folder}/a`), bind(`${folder}/b`)]);
    const received = await receive(path, [`${folder}/b`, `${folder}/c`]);
    expect(received.map(({ address }) => address)).toEqual([`${folder}/b`]);
  });

  it('resolves with nothing where nothing is had', async () => {
    const folder = tempDir();
    const { path } = await holder(folder, []);
    expect(await receive(path, [`${folder}/a`])).toEqual([]);
  });

  it('neither listens nor accepts on the way', async () => {
    const folder = tempDir();
    const [silent, queueing] = [bind(`${folder}/silent`), bind(`${folder}/queueing`)];
    const pid = await serveFrom(queueing.fd);
    process.kill(pid, 'SIGSTOP');
    const waiting = read({ port: queueing.port ?? 0, host: '127.0.0.1' });
    const { path } = await holder(folder, [silent, queueing]);
    await receive(path, [silent.address, queueing.address]);
    await expect(read({ port: silent.port ?? 0, host: '127.0.0.1' })).rejects.toThrow('ECONNREFUSED');
    process.kill(pid, 'SIGCONT');
    expect(await waiting).toBe(String(pid));
  });

  it('a received socket that is closed gives the port back', async () => {
    const folder = tempDir();
    const bound = bindListenSocket(LOOPBACK);
    const { path, given } = await holder(folder, [{ address: `${folder}/a`, fd: bound.fd }]);
    const received = await receiveSockets(await connectUnix(path, 5000), [`${folder}/a`], FOREVER);
    await given;
    bound.close();
    const again = (): ListenAddress => ({ kind: 'tcp', host: '127.0.0.1', port: bound.port ?? 0 });
    const pid = await serveFrom(received[0]?.handle.fd ?? -1);
    expect(() => bindListenSocket(again())).toThrow(`${bound.port}`);
    process.kill(pid, 'SIGKILL');
    for (const { handle } of received) handle.close();
    await eventually('the port is free', () => isFree(again()));
  });

  it.runIf(countsDescriptors)('leaves no descriptor and no courier, however often', async () => {
    const folder = tempDir();
    const socket = bind(`${folder}/a`);
    let before = 0;
    for (let round = 0; round < 4; round += 1) {
      const { path, given } = await holder(folder, [socket]);
      for (const { handle } of await receiveSockets(await connectUnix(path, 5000), [socket.address], FOREVER))
        handle.close();
      await given;
      rmSync(path, { force: true });
      if (round === 0) before = descriptors();
    }
    // One server more for each round.
    expect(descriptors() - before).toBe(3);
    await noCouriersOf(folder);
  });
});

describe('offering sockets', () => {
  it('gives them to a process that is connected to, when it asks', async () => {
    const folder = tempDir();
    const socket = bind(`${folder}/a`);
    const path = join(folder, 'receiver.sock');
    const server = net.createServer().listen(path);
    onTestFinished(() => {
      server.close();
    });
    const received = once(server, 'connection').then(
      ([connection]: net.Socket[]) =>
        new Promise<readonly ReceivedSocket[]>((resolve, reject) => {
          if (connection === undefined) return;
          const stop = frames(
            connection,
            (value) => {
              stop();
              if (!isSocketOffer(value) || value.pid !== process.pid) return reject(new Error('not an offer'));
              receiveSockets(connection, value.addresses, FOREVER).then(resolve, reject);
            },
            reject,
          );
        }),
    );
    await offerSockets(path, [socket.address], () => [socket], FOREVER);
    expect((await received).map(portOf)).toEqual([socket.port]);
    for (const { handle } of await received) handle.close();
  });

  it('fails when nobody asks for them, and when nobody is there', async () => {
    const folder = tempDir();
    const path = join(folder, 'receiver.sock');
    await expect(offerSockets(path, ['a'], () => [], FOREVER)).rejects.toThrow('ENOENT');
    const server = net.createServer((connection) => connection.destroy()).listen(path);
    onTestFinished(() => {
      server.close();
    });
    await expect(offerSockets(path, ['a'], () => [], FOREVER)).rejects.toThrow('not asked for');
  });
});

describe('a passing that does not come to its end', () => {
  it('fails at the receiver when the holder ends the connection', async () => {
    const folder = tempDir();
    const path = join(folder, 'holder.sock');
    const server = net.createServer((connection) => connection.once('data', () => connection.destroy())).listen(path);
    onTestFinished(() => {
      server.close();
    });
    const before = descriptors();
    await expect(receive(path, [`${folder}/a`])).rejects.toThrow('not passed on');
    await noCouriersOf(folder);
    await eventually('no descriptor is left', () => descriptors() === before);
  });

  it('fails at both ends when it is aborted at one, and leaves no courier', async () => {
    const folder = tempDir();
    const abort = new AbortController();
    const { path, given } = await holder(folder, [bind(`${folder}/a`)]);
    const receiving = receive(path, [`${folder}/a`], abort.signal);
    await eventually('a courier runs', () => processesOf(folder).length > 0);
    abort.abort();
    await expect(receiving).rejects.toThrow('not passed on');
    await given.catch(() => {});
    await noCouriersOf(folder);
  });

  it('does not begin when it is aborted already', async () => {
    const folder = tempDir();
    const { path } = await holder(folder, [bind(`${folder}/a`)]);
    await expect(receive(path, [`${folder}/a`], AbortSignal.abort())).rejects.toThrow('not passed on');
    await noCouriersOf(folder);
  });

  // At whatever point the receiver is killed: before its courier asks, while it is asked, while it is given to.
  it.each([0, 20, 40, 60, 80])('leaves no courier when the receiver is killed after %s ms', async (delay) => {
    const folder = tempDir();
    const socket = bind(`${folder}/a`);
    const { path, given } = await holder(folder, [socket]);
    const { program, folder: programs } = bundleProgram(`
      import { receiveSockets } from './src/platform/pass-sockets.ts';
      import { connectUnix } from './src/platform/unix-client.ts';
      const connection = await connectUnix(${JSON.stringify(path)}, 5000);
      void receiveSockets(connection, [${JSON.stringify(`${folder}/a`)}], new AbortController().signal);
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${delay});
    `);
    onTestFinished(() => rmSync(programs, { recursive: true }));
    const receiver = spawn(process.execPath, [program], { stdio: 'inherit' });
    expect(await once(receiver, 'exit')).toEqual([null, 'SIGKILL']);
    await given.catch(() => {});
    await noCouriersOf(folder);
    // What is left is the holder's own.
    const pid = await serveFrom(socket.fd);
    expect(await read({ port: socket.port ?? 0, host: '127.0.0.1' })).toBe(String(pid));
  });
});

function isFree(address: ListenAddress): boolean {
  try {
    bindListenSocket(address).close();
    return true;
  } catch {
    return false;
  }
}
