// Makes a server stop accepting, and nothing else: its connections, even idle and just accepted ones, go on. (worker)
//
// http.Server#close closes idle and just-accepted connections too, and a request that is on its way on one of them is
// lost. So only the listening handle is closed, and a stand-in takes its place.

import type { Server } from 'node:net';
import { handleOf, isRoundRobin, isUnreferenced, setHandle } from './server-handle.ts';
import { StandInHandle } from './stand-in-handle.ts';

/** What is left to wait for: connections that the cluster process has sent and that have not arrived. */
export type Deafened = 'at-once' | 'round-robin';

export function deafen(server: Server): Deafened {
  const handle = handleOf(server);
  if (handle === null || handle instanceof StandInHandle) return 'at-once';
  const address = {};
  const hasAddress = handle.getsockname?.(address) === 0;
  const standIn = new StandInHandle(hasAddress ? address : null, () => {});
  if (isUnreferenced(server)) standIn.unref();
  setHandle(server, standIn);
  handle.close();
  return isRoundRobin(handle) ? 'round-robin' : 'at-once';
}
