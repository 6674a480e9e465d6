// The file that a cluster process which was killed has left of a unix socket that is not declared. (cluster process)

import type { ChildProcess } from 'node:child_process';
import { removeStaleSocket } from '../platform/sockets.ts';

/** node:cluster binds what a worker asks for in the same turn of the event loop, after this. */
export function freePathsFor(child: ChildProcess): void {
  child.prependListener('internalMessage', (message: unknown) => {
    const path = askedPath(message);
    if (path === null) return;
    try {
      removeStaleSocket(path);
    } catch {
      // Then it is taken, and the app is told so.
    }
  });
}

/** null: it asks for something else. */
export function askedPath(message: unknown): string | null {
  if (typeof message !== 'object' || message === null || !('act' in message) || message.act !== 'queryServer')
    return null;
  const isPath = 'addressType' in message && message.addressType === -1;
  return isPath && 'address' in message && typeof message.address === 'string' ? message.address : null;
}
