// Connects to a unix socket, with a deadline.

import net from 'node:net';
import { errorCode } from './system-error.ts';

/**
 * missing: there is no such socket. refused: there is one, and the process behind it is gone. denied: it belongs to someone
 * else. timeout: nobody took the connection in time.
 */
export type ConnectReason = 'missing' | 'refused' | 'denied' | 'timeout' | 'other';

export class UnixConnectError extends Error {
  override readonly name = 'UnixConnectError';
  readonly reason: ConnectReason;

  constructor(path: string, reason: ConnectReason, cause: unknown) {
    super(`cannot connect to ${path}: ${errorCode(cause) ?? reason}`, { cause });
    this.reason = reason;
  }

  /** Nobody is there, and nobody will be unless started. */
  get nobodyThere(): boolean {
    return this.reason === 'missing' || this.reason === 'refused';
  }
}

/** Milliseconds between attempts while the listener's queue is full. */
const RETRY_DELAY = 10;

/**
 * Rejects with a UnixConnectError, at the latest after `timeoutMs`. The socket has an 'error' listener already ('close'
 * follows and is what its owner waits for).
 */
export function connectUnix(path: string, timeoutMs: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    let socket: net.Socket;
    let retry: NodeJS.Timeout | undefined;
    const give = (reason: ConnectReason, cause: unknown): void => {
      clearTimeout(deadline);
      clearTimeout(retry);
      socket.destroy();
      reject(new UnixConnectError(path, reason, cause));
    };
    const deadline = setTimeout(() => give('timeout', null), timeoutMs);
    const attempt = (): void => {
      socket = net.connect(path);
      socket.once('connect', () => {
        clearTimeout(deadline);
        socket.removeAllListeners('error').on('error', () => {});
        resolve(socket);
      });
      socket.once('error', (error) => {
        if (errorCode(error) === 'EAGAIN') retry = setTimeout(attempt, RETRY_DELAY);
        else give(reasonOf(errorCode(error)), error);
      });
    };
    attempt();
  });
}

function reasonOf(code: string | null): ConnectReason {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'EACCES' || code === 'EPERM') return 'denied';
  return 'other';
}
