// Whose connection it became: on a declared port every worker of an app accepts, old ones too, and the kernel does so
// before any of them. So a connection proves something about a worker only once that worker's processes have it, which
// Linux tells in /proc. (cluster process)

import type { Socket } from 'node:net';
import type { ListenAddress, Milliseconds } from '../core/spec.ts';
import { type ClientEnd, inodeOf, serverInodes, sessionPolls, socketsOfSession } from '../platform/proc-net.ts';
import { HAS_PROC } from '../platform/proc-stat.ts';
import { pauseFor } from './pause-for.ts';

export type Taken =
  | { readonly by: 'worker'; readonly connection: Socket }
  /** `unseen`: the system does not tell. `nobody`: they waited in the kernel's queue for as long as they were allowed to. */
  | { readonly by: 'another' | 'unseen' | 'nobody' };

const LONGEST_PAUSE: Milliseconds = 50;

/** Whether the app's workers share a port: all of them inherit what is declared. */
export function isShared(listen: readonly ListenAddress[], port: number): boolean {
  return listen.some((address) => address.kind === 'tcp' && address.port === port);
}

/**
 * Whether the worker waits for connections on the socket in the way of most servers, with epoll. One that does not show it
 * may do so in another way.
 */
export async function isWaiting(worker: number, socketFd: number): Promise<boolean> {
  const inode = inodeOf(socketFd);
  return inode !== null && (await sessionPolls(worker, inode));
}

export function portOfUrl(url: string): number {
  const { port, protocol } = new URL(url);
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/**
 * Waits until all are accepted, or one by the worker; `worker`: its pid, for it leads a session of its own. What others have
 * accepted is closed at once: a server that does one thing at a time would wait for a request on it, and if all of them did
 * so, nobody would serve.
 */
export async function whoTook(
  connections: readonly Socket[],
  worker: number,
  patience: Milliseconds,
  signal: AbortSignal,
): Promise<Taken> {
  if (!HAS_PROC || !connections.every(isLocal)) return { by: 'unseen' };
  let open = connections.map((connection) => ({ connection, end: clientEnd(connection) }));
  const until = performance.now() + patience;
  for (let pause = 1; performance.now() < until; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    const inodes = await serverInodes(open.map(({ end }) => end));
    const isAccepted = (index: number): boolean => ![undefined, null, '0'].includes(inodes[index]);
    if (open.some((_, index) => isAccepted(index))) {
      const session = await socketsOfSession(worker);
      const ours = open.find((_, index) => session.inodes.has(inodes[index] ?? ''));
      if (ours !== undefined) return { by: 'worker', connection: ours.connection };
      if (session.hidden) return { by: 'unseen' };
    }
    for (const [index, { connection }] of open.entries()) if (isAccepted(index)) connection.destroy();
    open = open.filter(({ connection }) => !isOver(connection));
    if (open.length === 0) return { by: 'another' };
    if (!(await pauseFor(pause, signal))) break;
  }
  return { by: 'nobody' };
}

function clientEnd({ localAddress = '', localPort = 0, remotePort = 0 }: Socket): ClientEnd {
  return { localAddress, localPort, remotePort };
}

/** By us, or by whoever accepted it before that could be seen. */
function isOver(connection: Socket): boolean {
  return connection.readableEnded || connection.destroyed;
}

/** The other end is on this machine. */
function isLocal({ localAddress, remoteAddress }: Socket): boolean {
  return localAddress === remoteAddress || remoteAddress?.startsWith('127.') === true;
}
