// One socket that the config declares, inherited as a file descriptor, and the server that listens on it. (worker)
//
// The server listens on the descriptor directly, past node:cluster, so that it goes on accepting when the cluster
// process is killed. A handle that is made of a descriptor closes it, and the descriptor is all that the worker has: so
// when the app closes its server, a copy is made first, on which it can listen again.
//
//   inherited ──listen──▶ used ──close──▶ copying ──▶ inherited again (or lost)

import type { Server } from 'node:net';
import { formatAddress, type ListenAddress } from '../core/spec.ts';
import { type NodeHandle, openInherited } from '../platform/node-handles.ts';
import { copySocket } from './copy-socket.ts';
import { holdListen } from './hold-listen.ts';
import type { ListenRequest } from './listen-arguments.ts';
import { failListen, systemError } from './listen-error.ts';
import { listenOnOwnHandle } from './server-handle.ts';

type SocketState =
  | { readonly kind: 'inherited'; readonly fd: number; readonly open: () => NodeHandle }
  | { readonly kind: 'used'; readonly fd: number }
  | { readonly kind: 'copying'; readonly waiting: (() => void)[] }
  | { readonly kind: 'lost' }
  /** The worker drains: nobody will listen again. */
  | { readonly kind: 'retired' };

const DEFAULT_BACKLOG = 511;
/** Bits of uv_pipe_chmod. */
const READABLE = 1;
const WRITABLE = 2;

export class DeclaredSocket {
  readonly address: ListenAddress;
  /** As the config has it. */
  readonly text: string;
  #state: SocketState;

  constructor(address: ListenAddress, fd: number) {
    this.address = address;
    this.text = formatAddress(address);
    this.#state = { kind: 'inherited', fd, open: () => openInherited(fd) };
  }

  /** The descriptor, at this moment; null where there is none, or the worker drains. */
  get fd(): number | null {
    return 'fd' in this.#state ? this.#state.fd : null;
  }

  /** From now on nobody will listen again; who listens still does. */
  retire(): void {
    this.#state = { kind: 'retired' };
  }

  /** As server.listen does: returns at once, then 'listening' or 'error' is emitted. */
  listen(server: Server, request: ListenRequest): void {
    switch (this.#state.kind) {
      case 'inherited':
        return this.#start(server, request, this.#state.open());
      case 'copying': {
        const held = holdListen(server);
        this.#state.waiting.push(() => {
          if (held.release()) this.listen(server, request);
        });
        return;
      }
      case 'used':
        return failListen(server, systemError(server, 'EADDRINUSE', request));
      case 'retired':
        return;
      case 'lost':
        // A copy could not be made of it for a second listen.
        return failListen(server, systemError(server, 'EBADF', request));
    }
  }

  #start(server: Server, request: ListenRequest, handle: NodeHandle): void {
    this.#state = { kind: 'used', fd: handle.fd };
    const close = handle.close;
    handle.close = (...args) => {
      this.#beforeClose(handle.fd);
      handle.close = close;
      Reflect.apply(close, handle, args);
    };
    const backlog = request.backlog ?? DEFAULT_BACKLOG;
    listenOnOwnHandle(server, handle, backlog, request.kind === 'unix' ? request.path : null);
    if (request.kind === 'unix') openToAll(handle, request);
    const { signal } = request;
    if (signal?.aborted === true) process.nextTick(() => server.close());
    else signal?.addEventListener('abort', () => server.close(), { once: true });
  }

  #beforeClose(fd: number): void {
    if (this.#state.kind === 'retired') return;
    const waiting: (() => void)[] = [];
    this.#state = { kind: 'copying', waiting };
    copySocket(fd, (copy) => {
      if (this.#state.kind === 'retired') return;
      this.#state = copy === null ? { kind: 'lost' } : { kind: 'inherited', fd: copy.fd, open: () => copy };
      for (const resume of waiting) resume();
    });
  }
}

function openToAll(handle: NodeHandle, request: ListenRequest): void {
  const mode = (request.readableAll ? READABLE : 0) | (request.writableAll ? WRITABLE : 0);
  const change: unknown = Reflect.get(handle, 'fchmod');
  if (mode !== 0 && typeof change === 'function') Reflect.apply(change, handle, [mode]);
}
