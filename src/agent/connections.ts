// The open connections of the app and the requests on them, seen through Node's diagnostics channels: all that the app
// could notice is one listener for the 'close' of each connection. (worker)

import { subscribe } from 'node:diagnostics_channel';
import { Server } from 'node:net';
import { Duplex } from 'node:stream';
import { isProbe, markProbe } from './probe-socket.ts';
import { isHttp2, kindOf } from './server-kind.ts';

export interface Connection {
  /** As it was accepted. */
  readonly socket: Duplex;
  /** Who accepted it; null for a stream that the app itself gave to an HTTP server. */
  readonly server: Server | null;
  /** What the app sees: the TLS socket, once the handshake is done, or `socket`. */
  top: Duplex;
  /** Requests in flight (HTTP/1). */
  inFlight: number;
  /** Requests finished. */
  requests: number;
  /** When it was accepted or last finished a request; performance.now(). */
  idleSince: number;
  /** Bytes that had come by then: more of them, and a request is on its way. */
  readBefore: number;
}

interface Exchange {
  readonly response: object;
}

/** `other`: raw TCP, or upgraded (WebSocket). A TLS handshake under way counts as what its server speaks. */
export type Protocol = 'http1' | 'http2' | 'other';

export class Connections {
  readonly #open = new Map<Duplex, Connection>();
  /** By either socket. */
  readonly #bySocket = new WeakMap<object, Connection>();
  /** The newest exchange of a connection while it lasts. On a pipelined one, older requests may wait for a response. */
  readonly #newest = new WeakMap<object, Exchange>();
  #finished = 0;
  /** Called after a connection has closed. */
  onClosed: () => void = () => {};
  /** Called after a request has finished. */
  onFinished: () => void = () => {};
  /** Called when a client sent a further request before it had this response (pipelining). */
  onOvertaken: (response: object) => void = () => {};

  watch(): void {
    subscribe('net.server.socket', (message) => {
      const socket = streamIn(message, 'socket');
      if (socket !== null) this.#add(socket, ownerOf(socket));
    });
    subscribe('http.server.request.start', (message) => this.#onRequest(message));
    subscribe('http.server.response.finish', (message) => this.#onResponse(message));
  }

  get open(): number {
    return this.#open.size;
  }

  /** Requests finished since the start, HTTP/2 included. */
  get finished(): number {
    return this.#finished;
  }

  all(): Connection[] {
    return [...this.#open.values()];
  }

  /** A TLS handshake is done. */
  secured(top: Duplex): void {
    if (markProbe(top)) return;
    const connection = this.#find(top);
    if (connection !== null) connection.top = top;
  }

  /** False: the client has sent more requests on the connection, and waits for their responses too. */
  isNewest(socket: object, response: object): boolean {
    const newest = this.#newest.get(socket);
    return newest === undefined || newest.response === response;
  }

  /** What answers the newest request of a connection; null: nothing is under way on it. */
  newestResponse(socket: object): object | null {
    return this.#newest.get(socket)?.response ?? null;
  }

  /** One of HTTP/2, which has no channels. */
  requestFinished(): void {
    this.#finished += 1;
    this.onFinished();
  }

  #onRequest(message: unknown): void {
    const socket = streamIn(message, 'socket');
    const response = objectIn(message, 'response');
    if (socket === null || response === null || isProbe(socket)) return;
    const overtaken = this.#newest.get(socket);
    if (overtaken !== undefined) this.onOvertaken(overtaken.response);
    this.#newest.set(socket, { response });
    const connection = this.#find(socket) ?? this.#add(socket, null);
    connection.inFlight += 1;
  }

  #onResponse(message: unknown): void {
    const socket = streamIn(message, 'socket');
    if (socket === null || isProbe(socket)) return;
    this.#finished += 1;
    if (this.#newest.get(socket)?.response === objectIn(message, 'response')) this.#newest.delete(socket);
    const connection = this.#find(socket);
    if (connection !== null) {
      connection.inFlight -= 1;
      connection.requests += 1;
      connection.idleSince = performance.now();
      connection.readBefore = bytesRead(connection);
    }
    this.onFinished();
  }

  #add(socket: Duplex, server: Server | null): Connection {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    const counts = { inFlight: 0, requests: 0, idleSince: performance.now(), readBefore: 0 };
    const connection = { socket, server, top: socket, ...counts };
    this.#bySocket.set(socket, connection);
    if (socket.closed) return connection;
    this.#open.set(socket, connection);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.onClosed();
    });
    return connection;
  }

  #find(socket: Duplex): Connection | null {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    const below = streamIn(socket, '_parent');
    const connection = below === null ? undefined : this.#bySocket.get(below);
    if (connection === undefined) return null;
    connection.top = socket;
    this.#bySocket.set(socket, connection);
    return connection;
  }
}

/** Nothing is in flight, and no part of a request has come. */
export function isIdle(connection: Connection): boolean {
  return connection.inFlight === 0 && bytesRead(connection) === connection.readBefore;
}

/** Of what the app reads: a TLS handshake does not count. */
function bytesRead({ top }: Connection): number {
  const bytes: unknown = Reflect.get(top, 'bytesRead');
  return typeof bytes === 'number' ? bytes : 0;
}

export function protocolOf({ top, server }: Connection): Protocol {
  // An HTTP server gives its parser to the socket, and takes it away when the connection is upgraded.
  if (Reflect.get(top, 'parser') instanceof Object) return 'http1';
  if (server === null) return 'other';
  if (isHttp2(server)) return 'http2';
  return kindOf(server) === 'https' && Reflect.get(top, 'encrypted') !== true ? 'http1' : 'other';
}

function ownerOf(socket: Duplex): Server | null {
  const server: unknown = Reflect.get(socket, '_server');
  return server instanceof Server ? server : null;
}

function streamIn(message: unknown, name: string): Duplex | null {
  const value = objectIn(message, name);
  return value instanceof Duplex ? value : null;
}

function objectIn(message: unknown, name: string): object | null {
  if (!(message instanceof Object)) return null;
  const value: unknown = Reflect.get(message, name);
  return value instanceof Object ? value : null;
}
