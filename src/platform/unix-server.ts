// Listens on a unix socket that only its owner may use. Its directory must be private (ensurePrivateDir): that, and not
// the mode of the socket, keeps others out from the first moment on.

import { chmodSync, rmSync } from 'node:fs';
import net from 'node:net';
import { EvenkeelError } from '../core/errors.ts';
import { fileStatus } from './file-status.ts';
import { errorCode } from './system-error.ts';
import { connectUnix, UnixConnectError } from './unix-client.ts';

/** Milliseconds for a process behind an old socket to show that it lives. */
const PROBE_TIMEOUT = 2000;

/**
 * Takes the place of a socket behind which nobody is; refuses with LISTEN_FAILED where somebody is, or where something else
 * has that name. Closing the server removes the file. `onConnection` owns its socket, which has an 'error' listener
 * already ('close' follows).
 */
export async function listenUnix(path: string, onConnection: (socket: net.Socket) => void): Promise<net.Server> {
  await removeStale(path);
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(failure(path, errorCode(error) ?? error.message, error)));
    server.listen(path, resolve);
  });
  server.removeAllListeners('error');
  // Running out of file descriptors: the connection is lost, the server goes on.
  server.on('error', () => {});
  chmodSync(path, 0o600);
  return server;
}

async function removeStale(path: string): Promise<void> {
  const found = fileStatus(path);
  if (found === null) return;
  if (!found.isSocket()) throw failure(path, 'something that is not a socket has this name', null);
  if (await isAnswered(path)) throw failure(path, 'another process listens there', null);
  rmSync(path, { force: true });
}

/** Only a refused connection proves that nobody is there. */
async function isAnswered(path: string): Promise<boolean> {
  try {
    const socket = await connectUnix(path, PROBE_TIMEOUT);
    socket.destroy();
    return true;
  } catch (error) {
    return !(error instanceof UnixConnectError && error.nobodyThere);
  }
}

function failure(path: string, reason: string, cause: unknown): EvenkeelError {
  return new EvenkeelError('LISTEN_FAILED', `cannot listen on ${path}: ${reason}`, {
    hint: 'Stop what uses it, or move it away.',
    cause,
  });
}
