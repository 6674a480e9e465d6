// Holds one call of server.listen: the call has returned, and the server waits for `release`. Meanwhile it is neither
// listening nor has an address, and closing it gives the call up. (worker)

import type { Server } from 'node:net';
import { isUnreferenced, setHandle } from './server-handle.ts';
import { StandInHandle } from './stand-in-handle.ts';

export interface HeldListen {
  /** False: the app has closed the server meanwhile. Otherwise the server is as before the call. */
  release(): boolean;
}

export function holdListen(server: Server): HeldListen {
  let held = true;
  const end = (): void => {
    held = false;
    Reflect.deleteProperty(server, 'listening');
  };
  const standIn = new StandInHandle(null, end);
  if (isUnreferenced(server)) standIn.unref();
  setHandle(server, standIn);
  Object.defineProperty(server, 'listening', { get: () => false, configurable: true, enumerable: true });
  return {
    release: () => {
      if (!held) return false;
      standIn.close();
      setHandle(server, null);
      return true;
    },
  };
}
