// Listens on a unix socket that only its owner may use. Its directory must be private (ensurePrivateDir): that, and not
// the mode of the socket, keeps others out from the first moment on.

import { chmodSync, chownSync, rmSync, type Stats } from 'node:fs';
import net from 'node:net';
import { EvenkeelError } from '../core/errors.ts';
import { fileStatus } from './file-status.ts';
import { errorCode } from './system-error.ts';
import { connectUnix, UnixConnectError } from './unix-client.ts';

/** Milliseconds for a process behind an old socket to show that it lives. */
const PROBE_TIMEOUT = 2000;

/** Connections that wait to be accepted. One more is refused at once (EAGAIN), as TCP's are not; the system may allow fewer. */
const BACKLOG = 4096;

export interface SocketRules {
  /** One whose other end has said all it wants to say stays open for the answer, and is `onConnection`'s to end. */
  readonly halfOpen?: boolean;
}

/** Listens until it is closed; its file can be put back when somebody has removed it. */
export class UnixListener {
  readonly #path: string;
  readonly #server: net.Server;
  readonly #owner: number | null;
  #isClosed = false;
  #file: Stats | null = null;

  /** Use listenUnix. */
  constructor(path: string, onConnection: (socket: net.Socket) => void, owner: number | null, rules: SocketRules) {
    this.#path = path;
    this.#owner = owner;
    this.#server = net.createServer({ allowHalfOpen: rules.halfOpen === true }, (socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    });
    // Running out of file descriptors: the connection is lost, the server goes on.
    this.#server.on('error', () => {});
  }

  /** False: another file, or none, has the path; nobody new can connect. */
  get isThere(): boolean {
    const found = fileStatus(this.#path);
    return found !== null && found.ino === this.#file?.ino && found.dev === this.#file.dev && found.isSocket();
  }

  /** Also for the first time. Connections that are open stay. Once it was closed, nothing. Throws LISTEN_FAILED. */
  async putBack(): Promise<void> {
    await removeStale(this.#path);
    // It may be closed while somebody who saw it missing is at putting it back.
    if (this.#isClosed) return;
    // Removes the path, which is free: it would remove what comes next.
    this.#server.close();
    await this.#listen();
    chmodSync(this.#path, 0o600);
    if (this.#owner !== null) chownSync(this.#path, this.#owner, -1);
    this.#file = fileStatus(this.#path);
  }

  /** Takes no more connections and removes the file. Resolves when the connections there are have ended. */
  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #listen(): Promise<void> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      const end = (error: Error | null): void => {
        server.off('error', end).off('listening', onListening);
        if (error === null) resolve();
        else reject(failure(this.#path, errorCode(error) ?? error.message, error));
      };
      const onListening = (): void => end(null);
      server.once('error', end).once('listening', onListening);
      server.listen({ path: this.#path, backlog: BACKLOG });
    });
  }
}

/**
 * Takes the place of a socket behind which nobody is; refuses with LISTEN_FAILED where somebody is, or where something else
 * has that name. Closing the listener removes the file. `onConnection` owns its socket, which has an 'error' listener
 * already ('close' follows). `owner`: the id of the user who may connect, where that is another one.
 */
export async function listenUnix(
  path: string,
  onConnection: (socket: net.Socket) => void,
  owner: number | null = null,
  rules: SocketRules = {},
): Promise<UnixListener> {
  const listener = new UnixListener(path, onConnection, owner, rules);
  await listener.putBack();
  return listener;
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
