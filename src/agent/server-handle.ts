// The private side of net.Server that the agent depends on, each part behind one guarded function. The integration
// tests of this folder show for each Node version that they hold. (worker)

import type { Server } from 'node:net';
import type { NodeHandle } from '../platform/node-handles.ts';
import type { StandInHandle } from './stand-in-handle.ts';

/** What a server listens with: libuv's handle, the one that node:cluster makes up for round-robin, or our stand-in. */
export interface ServerHandle {
  close(callback?: () => void): void;
  ref?(): void;
  unref?(): void;
  getsockname?(out: object): number;
}

export function handleOf(server: Server): ServerHandle | null {
  const handle: unknown = Reflect.get(server, '_handle');
  return isServerHandle(handle) ? handle : null;
}

export function setHandle(server: Server, handle: StandInHandle | NodeHandle | null): void {
  Reflect.set(server, '_handle', handle);
}

/** The app has called server.unref(). */
export function isUnreferenced(server: Server): boolean {
  return Reflect.get(server, '_unref') === true;
}

/** For a server that was given a TCP handle, `listen(handle)` does the same; for a pipe there is no public way. */
export function listenOnOwnHandle(server: Server, handle: NodeHandle, backlog: number, path: string | null): void {
  setHandle(server, handle);
  if (path !== null) Reflect.set(server, '_pipeName', path);
  const listen: unknown = Reflect.get(server, '_listen2');
  if (typeof listen !== 'function') throw new Error(`Internal error: Node ${process.version} has no Server._listen2`);
  Reflect.apply(listen, server, [null, -1, -1, backlog]);
}

/** True for a handle that node:cluster made up: its primary sends connections to it over the IPC channel. */
export function isRoundRobin(handle: ServerHandle): boolean {
  return !('fd' in handle);
}

function isServerHandle(value: unknown): value is ServerHandle {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}
