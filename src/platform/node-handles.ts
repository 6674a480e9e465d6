// The part of Node's inner API that this package relies on, typed: a socket that is bound and not listening. Node's own
// cluster module uses the same calls; test/platform/sockets.test.ts shows for each Node version that they work.

import net from 'node:net';
import { getSystemErrorName } from 'node:util';

/** A TCP or pipe handle of libuv. */
export interface NodeHandle {
  readonly fd: number;
  close(): void;
  /** listen(2), and from the next turn of the event loop on, accept. 0 or a negative error number. */
  listen(backlog: number): number;
  /** Of the socket itself, for every process that has it. libuv makes what it opens non-blocking. */
  setBlocking(blocking: boolean): number;
  /** TCP only. Fills `out`; gives 0 or a negative error number. */
  getsockname?(out: { address?: string; port?: number }): number;
}

interface NetInternals {
  /** A handle, or a negative error number. Does not listen. */
  _createServerHandle(address: string, port: number, addressType: 4 | 6 | -1): NodeHandle | number;
  /** Takes an open descriptor over: closing the handle closes it. */
  _createServerHandle(address: null, port: null, addressType: null, fd: number): NodeHandle | number;
}

export type BindResult =
  | { readonly ok: true; readonly handle: NodeHandle }
  | { readonly ok: false; readonly code: string };

export function bindTcp(address: string, port: number, family: 4 | 6): BindResult {
  return toResult(internals()._createServerHandle(address, port, family));
}

export function bindUnix(path: string): BindResult {
  return toResult(internals()._createServerHandle(path, -1, -1));
}

/** Wraps a bound socket that was inherited as a descriptor; closing the handle closes the descriptor. */
export function openInherited(fd: number): NodeHandle {
  const handle = internals()._createServerHandle(null, null, null, fd);
  if (typeof handle === 'number') throw new Error(`descriptor ${fd} is no socket: ${getSystemErrorName(handle)}`);
  return handle;
}

/** Tells a handle that came over IPC from nothing. */
export function isNodeHandle(value: unknown): value is NodeHandle {
  if (typeof value !== 'object' || value === null) return false;
  return 'fd' in value && typeof value.fd === 'number' && 'close' in value && 'listen' in value;
}

/** The error is found late for a port in use: libuv keeps it until the socket is asked for its name. */
function toResult(made: NodeHandle | number): BindResult {
  if (typeof made === 'number') return { ok: false, code: getSystemErrorName(made) };
  const error = made.getsockname?.({}) ?? 0;
  if (error === 0) return { ok: true, handle: made };
  made.close();
  return { ok: false, code: getSystemErrorName(error) };
}

function internals(): NetInternals {
  if (!hasInternals(net)) throw new Error(`Internal error: Node ${process.version} has no net._createServerHandle`);
  return net;
}

function hasInternals(value: object): value is NetInternals {
  return '_createServerHandle' in value && typeof value._createServerHandle === 'function';
}
