// The open connections of the app and the requests on them, seen through Node's diagnostics channels: all that the app
// could notice is one listener for the 'close' of each connection, and a hidden property. (worker)
//
// This runs for every request. What is known of a connection is therefore kept on its socket and found by one look:
// weak maps and sets that grow and shrink with every connection cost more than all the rest.

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
  top: Duplex & Tracked;
  /** Requests in flight (HTTP/1). */
  inFlight: number;
  /** When it was accepted or, once the worker drains, last finished a request; performance.now(). */
  idleSince: number;
  /** Bytes that had come when it last finished a request: more of them, and another is on its way. */
  readBefore: number;
  /** To the newest request, while that lasts. On a pipelined connection, older ones may still wait for theirs. */
  newest: object | null;
  /** Index in the list of open connections. */
  place: number;
}

/** `other`: raw TCP, or upgraded (WebSocket). A TLS handshake under way counts as what its server speaks. */
export type Protocol = 'http1' | 'http2' | 'other';

const CONNECTION = Symbol('evenkeel.connection');

interface Tracked {
  readonly [CONNECTION]?: Connection;
  /** Sockets have it, other streams need not. */
  readonly bytesRead?: number;
}

/** Of all three channels. Anybody can publish there, so each is looked at before it is used. */
interface Message {
  readonly socket?: Tracked;
  readonly response?: object;
}

export class Connections {
  readonly #open: Connection[] = [];
  #finished = 0;
  /** Called after a connection has closed. */
  onClosed: () => void = () => {};
  /** Called after a request has finished; null: one of HTTP/2. */
  onFinished: (connection: Connection | null) => void = () => {};
  /** Called when a client sent a further request before it had this response (pipelining). */
  onOvertaken: (response: object) => void = () => {};

  watch(): void {
    subscribe('net.server.socket', (message) => {
      if (isMessage(message) && message.socket instanceof Duplex) this.#add(message.socket, ownerOf(message.socket));
    });
    subscribe('http.server.request.start', (message) => {
      if (isMessage(message)) this.#onRequest(message);
    });
    subscribe('http.server.response.finish', (message) => {
      if (isMessage(message)) this.#onResponse(message);
    });
  }

  get open(): number {
    return this.#open.length;
  }

  /** Requests finished since the start, HTTP/2 included. */
  get finished(): number {
    return this.#finished;
  }

  all(): Connection[] {
    return [...this.#open];
  }

  /** A TLS handshake is done. */
  secured(top: Duplex): void {
    if (markProbe(top)) return;
    const connection = this.#find(top);
    if (connection !== null) connection.top = top;
  }

  /** False: the client has sent more requests on the connection, and waits for their responses too. */
  isNewest(socket: Duplex & Tracked, response: object): boolean {
    const newest = socket[CONNECTION]?.newest ?? null;
    return newest === null || newest === response;
  }

  /** What answers the newest request of a connection; null: nothing is under way on it. */
  newestResponse(socket: Duplex & Tracked): object | null {
    return socket[CONNECTION]?.newest ?? null;
  }

  /** One of HTTP/2, which has no channels. */
  requestFinished(): void {
    this.#finished += 1;
    this.onFinished(null);
  }

  #onRequest({ socket, response }: Message): void {
    const connection = socket?.[CONNECTION] ?? this.#meet(socket);
    if (connection === null || response === undefined) return;
    if (connection.newest !== null) this.onOvertaken(connection.newest);
    connection.newest = response;
    connection.inFlight += 1;
  }

  #onResponse({ socket, response }: Message): void {
    const connection = socket?.[CONNECTION];
    // A probe's.
    if (connection === undefined) return;
    this.#finished += 1;
    if (connection.newest === response) connection.newest = null;
    connection.inFlight -= 1;
    connection.readBefore = bytesRead(connection);
    this.onFinished(connection);
  }

  /** The first request on a TLS socket, or on a stream that the app itself gave to a server. */
  #meet(socket: unknown): Connection | null {
    if (!(socket instanceof Duplex) || isProbe(socket)) return null;
    return this.#find(socket) ?? this.#add(socket, null);
  }

  #add(socket: Duplex & Tracked, server: Server | null): Connection {
    const known = socket[CONNECTION];
    if (known !== undefined) return known;
    const counts = { inFlight: 0, idleSince: performance.now(), readBefore: 0 };
    const connection = { socket, server, top: socket, ...counts, newest: null, place: this.#open.length };
    track(socket, connection);
    if (socket.closed) return connection;
    this.#open.push(connection);
    socket.once('close', () => this.#remove(connection));
    return connection;
  }

  /** The last one takes its place. */
  #remove({ place }: Connection): void {
    const last = this.#open.pop();
    if (last !== undefined && last.place !== place) {
      last.place = place;
      this.#open[place] = last;
    }
    this.onClosed();
  }

  #find(socket: Duplex & Tracked): Connection | null {
    const known = socket[CONNECTION];
    if (known !== undefined) return known;
    const below: Tracked | null | undefined = Reflect.get(socket, '_parent');
    const connection = below?.[CONNECTION];
    if (connection === undefined) return null;
    connection.top = socket;
    track(socket, connection);
    return connection;
  }
}

/** Nothing is in flight, and no part of a request has come. */
export function isIdle(connection: Connection): boolean {
  return connection.inFlight === 0 && bytesRead(connection) === connection.readBefore;
}

/**
 * How much of it the end of the process cuts. One that is destroyed is over, though its 'close' is still to come; but a request
 * that its client waited for is lost with it.
 */
export function inUse(connection: Connection): number {
  const { socket, top, inFlight } = connection;
  if (protocolOf(connection) === 'other') return socket.destroyed ? 0 : 1;
  const hasClientLeft = socket.destroyed && (top.readableEnded || top.errored !== null);
  return hasClientLeft ? 0 : inFlight;
}

/** Of what the app reads: a TLS handshake does not count. */
function bytesRead({ top }: Connection): number {
  return top.bytesRead ?? 0;
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

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null;
}

function track(socket: Duplex, connection: Connection): void {
  Object.defineProperty(socket, CONNECTION, { value: connection });
}
