// Binds the sockets declared under `listen` (manager), or takes them from a process that has them. They are never listened
// on here: the workers listen on what they inherit, so that the manager takes no connection and the kernel queues while no
// worker is up.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { EvenkeelError } from '../core/errors.ts';
import { formatAddress, type ListenAddress } from '../core/spec.ts';
import { fileStatus } from './file-status.ts';
import { type BindResult, bindTcp, bindUnix, type NodeHandle } from './node-handles.ts';
import { socketPathLimit } from './paths.ts';
import { releaseOf } from './process-title.ts';
import { isUnixBound, portHolder, type SocketHolder, unixHolder } from './socket-holder.ts';
import { resolveAccount } from './users.ts';

type TcpAddress = Extract<ListenAddress, { kind: 'tcp' }>;

export interface BoundSocket {
  /** formatAddress of the declared address. */
  readonly address: string;
  /** The port that was bound, which the system chose where 0 was asked for; null for a unix socket. */
  readonly port: number | null;
  /** To be passed on to others. */
  readonly fd: number;
  /** Lets this user, as in the config, and that user's group connect to a unix socket; null: us alone. */
  giveTo(user: string | null): void;
  /** Other processes that inherited it keep it. Removes the file of a unix socket. */
  close(): void;
}

/**
 * Throws LISTEN_FAILED, with the name of the process that is in the way where the system tells it. Note that Linux lets two
 * sockets be bound to one port while neither is listened on.
 */
export function bindListenSocket(address: ListenAddress): BoundSocket {
  const handle = address.kind === 'unix' ? bindPath(address.path) : bindPort(address);
  return holdSocket(address, handle, () => handle.close());
}

/** A socket that another process has bound to this address, and passed on. */
export function takeListenSocket(address: ListenAddress, handle: NodeHandle): BoundSocket {
  return holdSocket(address, handle, () => {
    handle.close();
    // Node removes only what it has bound itself.
    removeSocketFile(address);
  });
}

/** What a socket that nobody holds any more has left in the file system. */
export function removeSocketFile(address: ListenAddress): void {
  if (address.kind === 'unix' && fileStatus(address.path)?.isSocket() === true) rmSync(address.path, { force: true });
}

function holdSocket(address: ListenAddress, handle: NodeHandle, close: () => void): BoundSocket {
  let open = true;
  return {
    address: formatAddress(address),
    port: portOf(handle),
    fd: handle.fd,
    giveTo(user) {
      if (address.kind === 'unix') givePath(address.path, user);
    },
    close() {
      if (open) close();
      open = false;
    },
  };
}

function bindPort(address: TcpAddress): NodeHandle {
  const result = tryPort(address);
  if (result.ok) return result.handle;
  const { code } = result;
  if (code === 'EADDRINUSE') throw inUse(formatAddress(address), portHolder(address.port));
  throw failure(formatAddress(address), reasonOf(code), hintOf(code, address));
}

function tryPort({ host, port }: TcpAddress): BindResult {
  if (host === null) {
    const result = bindTcp('::', port, 6);
    const noIpv6 = !result.ok && ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(result.code);
    return noIpv6 ? bindTcp('0.0.0.0', port, 4) : result;
  }
  const literal = host === 'localhost' ? '127.0.0.1' : host;
  // Scoped addresses (fe80::1%eth0) are addresses too.
  const family = isIP(literal);
  if (family !== 4 && family !== 6) return { ok: false, code: 'ENOTFOUND' };
  return bindTcp(literal, port, family);
}

function bindPath(path: string): NodeHandle {
  const limit = socketPathLimit(process.platform);
  if (Buffer.byteLength(path) > limit) {
    throw failure(
      path,
      `the path is longer than ${limit} bytes, which is all that a unix socket takes`,
      'Declare a shorter path.',
    );
  }
  removeStale(path);
  const result = bindUnix(path);
  if (result.ok) return result.handle;
  if (result.code === 'EADDRINUSE') throw inUse(path, unixHolder(path));
  const folder = dirname(path);
  // libuv makes EACCES of it.
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw failure(path, `there is no folder ${folder}`, 'Create it, or declare another path.');
  throw failure(path, reasonOf(result.code), `Let the user that evenkeel runs as write to ${folder}.`);
}

/** Only root can. */
function givePath(path: string, user: string | null): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = user === null ? { uid: 0, gid: 0 } : resolveAccount(user);
  onSocketFile(path, (file) => {
    chownSync(file, uid, gid);
    if (user !== null) chmodSync(file, 0o660);
  });
}

/** Opens nothing but the name itself (Linux). Node has no name for it. */
const O_PATH = 0o10_000_000;

/** Gives a path of that very socket, whatever takes its name meanwhile: its folder may be the app's. */
function onSocketFile(path: string, act: (file: string) => void): void {
  if (fileStatus(path)?.isSocket() !== true) return;
  if (process.platform !== 'linux') return act(path);
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    if (fstatSync(fd).isSocket()) act(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function removeStale(path: string): void {
  const found = fileStatus(path);
  if (found === null) return;
  if (!found.isSocket())
    throw failure(path, 'something that is not a socket has this name', 'Move it away, or declare another path.');
  if (isServed(path)) throw inUse(path, unixHolder(path));
  unlinkSync(path);
}

/** What a process that was killed has left of a unix socket; one that somebody serves stays, and so does any other file. */
export function removeStaleSocket(path: string): void {
  if (fileStatus(path)?.isSocket() === true && !isServed(path)) unlinkSync(path);
}

/** The system tells of paths as they were given: one that it does not tell of may be served by another name. */
function isServed(path: string): boolean {
  return isUnixBound(path) || answers(path);
}

/** Whether somebody accepts connections there: asked through a child, because a start of an app binds before it waits. */
function answers(path: string): boolean {
  const script =
    "require('net').connect(process.argv[1]).on('connect',()=>process.exit(1)).on('error',e=>process.exit(e.code==='ECONNREFUSED'?0:1))";
  return spawnSync(process.execPath, ['-e', script, path], { stdio: 'ignore', timeout: 5000 }).status !== 0;
}

function portOf(handle: NodeHandle): number | null {
  const name: { port?: number } = {};
  handle.getsockname?.(name);
  return name.port ?? null;
}

function inUse(address: string, holder: SocketHolder | null): EvenkeelError {
  if (holder === null)
    return failure(address, 'it is in use by another process', 'Stop that process, or declare another address.');
  const { command, pid } = holder;
  // Whoever ends a manager stops all of its apps.
  const release = releaseOf(command);
  const way = release === null ? `Stop that process (ps -fp ${pid} shows it)` : `Free it by ${release}`;
  return failure(address, `it is in use by ${command} (pid ${pid})`, `${way}, or declare another address.`);
}

function failure(address: string, reason: string, hint: string): EvenkeelError {
  return new EvenkeelError('LISTEN_FAILED', `cannot listen on ${address}: ${reason}`, { hint });
}

function reasonOf(code: string): string {
  if (code === 'EACCES') return 'the system does not permit it (EACCES)';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address (EADDRNOTAVAIL)';
  if (code === 'ENOTFOUND') return 'the host is not an IP address';
  return code;
}

function hintOf(code: string, address: TcpAddress): string {
  if (code === 'EACCES' && address.port < 1024) {
    return 'Ports below 1024 need root: start the manager as root and set `user` for the app, or declare a higher port.';
  }
  if (code === 'EADDRNOTAVAIL') return 'Declare an address of this machine, or only the port for every address.';
  if (code === 'ENOTFOUND') return 'Write an IP address such as 127.0.0.1, or only the port for every address.';
  return 'Declare another address.';
}
