// Knows which request the code that runs at the moment works for, through all that it has waited for since. (worker)
//
// It costs what AsyncLocalStorage costs, so it is there only with `restart.onUncaught: replace`.

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import { Duplex } from 'node:stream';
import type { Connections } from './connections.ts';
import { isTls } from './server-kind.ts';

/** Timers and pools keep what they were created in: they must not keep the request alive as well. */
type Context =
  | { readonly kind: 'http1'; readonly socket: WeakRef<Duplex>; readonly response: WeakRef<object> }
  /** Code that runs for a connection, such as a parser that delivers a body; its newest request is meant. */
  | { readonly kind: 'connection'; readonly socket: WeakRef<Duplex> }
  | { readonly kind: 'http2'; readonly stream: WeakRef<ServerHttp2Stream> };

const INTERNAL_ERROR = 2;

export class CurrentRequest {
  readonly #storage = new AsyncLocalStorage<Context>();
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  watch(): void {
    subscribe('http.server.request.start', (message) => {
      const [socket, response] = [memberOf(message, 'socket'), memberOf(message, 'response')];
      if (!(socket instanceof Duplex) || response === null) return;
      this.#storage.enterWith({ kind: 'http1', socket: new WeakRef(socket), response: new WeakRef(response) });
    });
  }

  /** Every server that speaks HTTP, before it listens. */
  watchServer(server: Server | Http2Server): void {
    server.prependListener(isTls(server) ? 'secureConnection' : 'connection', (socket: Duplex) => {
      this.#storage.enterWith({ kind: 'connection', socket: new WeakRef(socket) });
    });
  }

  /** A request of HTTP/2, before the app sees it. */
  enterStream(stream: ServerHttp2Stream): void {
    this.#storage.enterWith({ kind: 'http2', stream: new WeakRef(stream) });
  }

  /** Its client learns at once that there will be no answer. A request that has been answered is left alone. */
  cut(): void {
    const context = this.#storage.getStore();
    switch (context?.kind) {
      case 'http1':
        return cutConnection(context.socket.deref(), context.response.deref());
      case 'connection': {
        const socket = context.socket.deref();
        return cutConnection(socket, socket === undefined ? null : this.#connections.newestResponse(socket));
      }
      case 'http2': {
        const stream = context.stream.deref();
        if (stream !== undefined && !stream.writableEnded) stream.close(INTERNAL_ERROR);
        return;
      }
      case undefined:
    }
  }
}

function cutConnection(socket: Duplex | undefined, response: object | null | undefined): void {
  if (socket === undefined || response === null || response === undefined) return;
  if (Reflect.get(response, 'writableEnded') !== true) socket.destroy();
}

function memberOf(message: unknown, name: string): object | null {
  const member: unknown = message instanceof Object ? Reflect.get(message, name) : null;
  return member instanceof Object ? member : null;
}
