import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EvenkeelError } from '../../src/core/errors.ts';
import type { ListenAddress } from '../../src/core/spec.ts';
import { bindTcp, bindUnix, isNodeHandle, openInherited } from '../../src/platform/node-handles.ts';
import { boundUnixInodes, listeningInodes } from '../../src/platform/socket-holder.ts';
import {
  type BoundSocket,
  bindListenSocket,
  removeSocketFile,
  removeStaleSocket,
  takeListenSocket,
} from '../../src/platform/sockets.ts';
import { bundleProgram } from '../support/bundle.ts';
import { needsRoot } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

const hasProc = existsSync('/proc/net/tcp');

/** Listens on a handle that it gets as file descriptor 3, as an agent does; answers each connection with its pid. */
const WORKER = `
  const net = require('net');
  const listen = (handle) => net.createServer((socket) => socket.end(String(process.pid))).listen(handle, () => console.log('up'));
  listen(net._createServerHandle(null, null, null, 3));
`;

function bind(address: ListenAddress): BoundSocket {
  const bound = bindListenSocket(address);
  onTestFinished(() => bound.close());
  return bound;
}

function tcp(host: string | null, port: number): ListenAddress {
  return { kind: 'tcp', host, port };
}

type Child = ChildProcess & { stdout: NodeJS.ReadableStream };

function start(script: string, ...more: number[]): Child {
  return startNode(['-e', script], more);
}

function startNode(args: readonly string[], more: readonly number[]): Child {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', ...more] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  if (child.stdout === null) throw new Error('no stdout');
  return Object.assign(child, { stdout: child.stdout });
}

async function read(target: { port: number; host: string } | string): Promise<string> {
  const socket = typeof target === 'string' ? net.connect(target) : net.connect(target);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function refusalOf(address: ListenAddress): EvenkeelError {
  try {
    bind(address);
  } catch (error) {
    if (error instanceof EvenkeelError) return error;
    throw error;
  }
  throw new Error('bound');
}

async function listening(host: string): Promise<number> {
  const server = net.createServer().listen(0, host);
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

describe('bindListenSocket: ports', () => {
  it.each([
    [null, '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
  ])(
    'holds a port of host %s that a child listens on, and its successor after it was killed',
    async (host, reachable) => {
      const { fd, port, address } = bind(tcp(host, 0));
      expect(address).toBe(host === null ? '0' : `${host}:0`);
      for (const attempt of ['first', 'second']) {
        const child = start(WORKER, fd);
        await once(child.stdout, 'data');
        expect([attempt, await read({ port: port ?? 0, host: reachable })]).toEqual([attempt, String(child.pid)]);
        await end(child);
      }
    },
  );

  it('queues a connection while nobody listens any more', async () => {
    const { fd, port } = bind(tcp('127.0.0.1', 0));
    const first = start(WORKER, fd);
    await once(first.stdout, 'data');
    await end(first);
    const socket = net.connect(port ?? 0, '127.0.0.1');
    await once(socket, 'connect');
    const second = start(WORKER, fd);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toBe(String(second.pid));
  });

  it('reaches IPv6 and IPv4 where no host is named', async () => {
    const { fd, port } = bind(tcp(null, 0));
    const child = start(WORKER, fd);
    await once(child.stdout, 'data');
    const hosts = hasIpv6() ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
    for (const host of hosts) expect(await read({ port: port ?? 0, host })).toBe(String(child.pid));
  });

  it('does not listen by itself', async () => {
    const { port } = bind(tcp('127.0.0.1', 0));
    await expect(read({ port: port ?? 0, host: '127.0.0.1' })).rejects.toThrow('ECONNREFUSED');
  });

  it('gives the port back when closed, once', () => {
    const bound = bindListenSocket(tcp('127.0.0.1', 0));
    bound.close();
    bound.close();
    expect(bind(tcp('127.0.0.1', bound.port ?? 0)).port).toBe(bound.port);
  });

  it.each([null, '127.0.0.1'])('names the process that has the port (host %s)', async (host) => {
    const port = await listening('127.0.0.1');
    const error = refusalOf(tcp(host, port));
    expect(error.code).toBe('LISTEN_FAILED');
    expect(error.message).toContain(`cannot listen on ${host === null ? '' : `${host}:`}${port}: `);
    expect(error.message).toContain(hasProc ? `(pid ${process.pid})` : 'in use');
    expect(error.hint).not.toBeNull();
  });

  it.runIf(hasProc).each([
    ['evenkeel cluster web of shop', 'evenkeel stop web', 'shop'],
    ['evenkeel manager of the shop', 'evenkeel stop APP', 'the shop'],
    ['evenkeel manager', 'evenkeel stop APP', 'its project'],
  ])('names one of our processes by its whole title, and what frees the port: %s', async (title, command, folder) => {
    const child = start(
      `process.title = '${title}';
       const server = require('net').createServer().listen(0, () => console.log(server.address().port))`,
    );
    const port = Number(String((await once(child.stdout, 'data'))[0]));
    expect(refusalOf(tcp(null, port))).toMatchObject({
      message: `cannot listen on ${port}: it is in use by ${title} (pid ${child.pid})`,
      hint: `Free it by \`${command}\` in the folder of ${folder}, or declare another address.`,
    });
  });

  it.each([
    ['192.0.2.1', 'no such address'],
    ['2001:db8::1', ''],
    ['example.test', 'not an IP address'],
  ])('refuses host %s, saying why', (host, reason) => {
    const error = refusalOf(tcp(host, 0));
    expect(error.code).toBe('LISTEN_FAILED');
    expect(error.message).toContain(reason);
  });

  it.runIf(hasProc && process.getuid?.() !== 0 && lowestFreePort() > 80)('says who may use a low port', () => {
    expect(refusalOf(tcp(null, 80))).toMatchObject({ code: 'LISTEN_FAILED', hint: expect.stringContaining('root') });
  });
});

describe('bindListenSocket: unix paths', () => {
  it('holds a path, and removes it when closed', async () => {
    const path = join(tempDir(), 'web.sock');
    const bound = bind({ kind: 'unix', path });
    expect(bound).toMatchObject({ address: path, port: null });
    const child = start(WORKER, bound.fd);
    await once(child.stdout, 'data');
    expect(await read(path)).toBe(String(child.pid));
    bound.close();
    expect(existsSync(path)).toBe(false);
  });

  it('takes the place of a socket that a killed process left', async () => {
    const path = join(tempDir(), 'web.sock');
    const child = start(`require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`);
    await once(child.stdout, 'data');
    await end(child);
    expect(existsSync(path)).toBe(true);
    expect(bind({ kind: 'unix', path }).address).toBe(path);
  });

  it('refuses a path that a process listens on, and leaves it working', async () => {
    const path = join(tempDir(), 'web.sock');
    const child = start(
      `require('net').createServer((socket) => socket.end('alive')).listen(${JSON.stringify(path)}, () => console.log('up'))`,
    );
    await once(child.stdout, 'data');
    const error = refusalOf({ kind: 'unix', path });
    expect(error.code).toBe('LISTEN_FAILED');
    expect(error.message).toContain(hasProc ? `(pid ${child.pid})` : 'in use');
    expect(await read(path)).toBe('alive');
  });

  it('refuses a path that a process listens on by another name', async () => {
    const folder = tempDir();
    const code = `require('net').createServer((socket) => socket.on('error', () => {}).end('alive')).listen('web.sock', () => console.log('up'))`;
    const child = start(`process.chdir(${JSON.stringify(folder)}); ${code}`);
    await once(child.stdout, 'data');
    const path = join(folder, 'web.sock');
    expect(refusalOf({ kind: 'unix', path }).message).toContain('in use');
    removeStaleSocket(path);
    expect(await read(path)).toBe('alive');
  });

  it.runIf(hasProc)('refuses a path that is held and not listened on yet', () => {
    const path = join(tempDir(), 'web.sock');
    bind({ kind: 'unix', path });
    expect(refusalOf({ kind: 'unix', path }).message).toContain(`(pid ${process.pid})`);
  });

  it('refuses to replace a file', () => {
    const path = join(tempDir(), 'web.sock');
    writeFileSync(path, 'precious');
    removeStaleSocket(path);
    expect(refusalOf({ kind: 'unix', path })).toMatchObject({ code: 'LISTEN_FAILED' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it.each([
    ['a path too long for unix', `/tmp/${'x'.repeat(200)}`, 'longer than'],
    ['a directory that is not there', '/nowhere/at/all.sock', ': there is no folder /nowhere/at'],
  ])('refuses %s, saying why', (_name, path, reason) => {
    expect(refusalOf({ kind: 'unix', path })).toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining(reason),
    });
  });
});

describe('the tables of the kernel', () => {
  it('finds who listens on a port, in both families, and not who is connected to it', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 00 100 0 0 10 0',
      '   1: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 00 20 4 30 10 -1',
      '   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 333 1 00 100 0 0 10 0',
      '   3: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 444 1 0 100',
    ].join('\n');
    expect(listeningInodes(table, 3000)).toEqual(['111', '444']);
    expect(listeningInodes(table, 80)).toEqual([]);
  });

  it('finds who has bound a path, and not a connection to it or a path that only ends alike', () => {
    const table = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000000000000: 00000002 00000000 00010000 0001 01 111 /tmp/a b.sock',
      '0000000000000000: 00000003 00000000 00000000 0001 03 222 /tmp/a b.sock',
      '0000000000000000: 00000002 00000000 00000000 0001 01 333 /tmp/a /tmp/a b.sock',
      '0000000000000000: 00000002 00000000 00000000 0001 01 444',
      '0000000000000000: 00000002 00000000 00010000 0001 01 555 tmp/a b.sock',
      '0000000000000000: 00000002 00000000 00010000 0001 01 666 x/tmp/a b.sock',
    ].join('\n');
    expect(boundUnixInodes(table, '/tmp/a b.sock')).toEqual(['111', '555']);
  });
});

describe('openInherited', () => {
  it('lets a port queue connections before and between workers, without taking one', async () => {
    const { program, folder } = bundleProgram(`
      import { openInherited } from './src/platform/node-handles.ts';
      const twin = openInherited(4);
      console.log(twin.listen(511));
      twin.close();
      setInterval(() => {}, 1e9);
    `);
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { fd, port } = bind(tcp('127.0.0.1', 0));
    const holder = startNode([program], [fd, fd]);
    const [error] = await once(holder.stdout, 'data');
    expect(String(error)).toBe('0\n');
    const socket = net.connect(port ?? 0, '127.0.0.1');
    await once(socket, 'connect');
    const worker = start(WORKER, fd);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toBe(String(worker.pid));
    await Promise.all([end(holder), end(worker)]);
    const queued = net.connect(port ?? 0, '127.0.0.1');
    await once(queued, 'connect');
    queued.destroy();
  });

  it('refuses a descriptor that is no socket', () => {
    const fd = openSync('/dev/null', 'r');
    onTestFinished(() => closeSync(fd));
    expect(() => openInherited(fd)).toThrow(`descriptor ${fd} `);
  });
});

describe('takeListenSocket', () => {
  it('knows its address and port, and gives the port back when closed', () => {
    const bound = bindTcp('127.0.0.1', 0, 4);
    if (!bound.ok) throw new Error(bound.code);
    const taken = takeListenSocket(tcp('127.0.0.1', 0), bound.handle);
    expect(taken).toMatchObject({ address: '127.0.0.1:0', fd: bound.handle.fd });
    expect(taken.port).toBeGreaterThan(0);
    taken.close();
    taken.close();
    expect(bind(tcp('127.0.0.1', taken.port ?? 0)).port).toBe(taken.port);
  });

  it('removes the file of a unix socket when closed', () => {
    const path = join(tempDir(), 'a.sock');
    // Bound by a process that was killed: its file stays.
    const script = `require('net')._createServerHandle(${JSON.stringify(path)}, -1, -1); process.kill(process.pid, 'SIGKILL')`;
    spawnSync(process.execPath, ['-e', script]);
    const handle = bindUnix(join(tempDir(), 'b.sock'));
    if (!handle.ok) throw new Error(handle.code);
    const taken = takeListenSocket({ kind: 'unix', path }, handle.handle);
    expect(existsSync(path)).toBe(true);
    taken.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe('removeSocketFile', () => {
  it('removes a socket, and nothing else', () => {
    const path = join(tempDir(), 'a.sock');
    const address: ListenAddress = { kind: 'unix', path };
    removeSocketFile(address);
    writeFileSync(path, 'a file');
    removeSocketFile(address);
    expect(existsSync(path)).toBe(true);
    rmSync(path);
    const bound = bind(address);
    removeSocketFile(address);
    expect(existsSync(path)).toBe(false);
    bound.close();
    removeSocketFile(tcp(null, 1));
  });
});

describe('isNodeHandle', () => {
  it.each([undefined, null, 3, {}, { fd: 'x', close() {} }, { fd: 3 }])('is not %j', (value) => {
    expect(isNodeHandle(value)).toBe(false);
  });

  it('is what was bound', () => {
    const bound = bindTcp('127.0.0.1', 0, 4);
    if (!bound.ok) throw new Error(bound.code);
    onTestFinished(() => bound.handle.close());
    expect(isNodeHandle(bound.handle)).toBe(true);
  });
});

function lowestFreePort(): number {
  return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
}

function hasIpv6(): boolean {
  return !hasProc || (existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8').trim() !== '');
}

describe('giving a unix socket away', () => {
  it('gives the socket, and nothing that has taken its name', (context) => {
    needsRoot(context, 'give files away');
    const folder = tempDir();
    const [path, victim] = [join(folder, 'web.sock'), join(folder, 'victim')];
    const bound = bind({ kind: 'unix', path });
    bound.giveTo('4321:4322');
    expect(lstatSync(path)).toMatchObject({ uid: 4321, gid: 4322, mode: 0o140_660 });
    writeFileSync(victim, '', { mode: 0o600 });
    for (const replace of [symlinkSync, linkSync]) {
      rmSync(path);
      replace(victim, path);
      bound.giveTo('4321:4322');
      expect(lstatSync(victim)).toMatchObject({ uid: 0, gid: 0, mode: 0o100_600 });
    }
    rmSync(path);
    expect(() => bound.giveTo('4321:4322')).not.toThrow();
  });
});
