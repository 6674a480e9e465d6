// HTTP/1 while draining: every response says that it is the last one of its connection. (worker)
//
// Clients keep a connection for their next request unless a response tells them not to. So from the start of the drain
// `Connection: close` goes into each header that has not been sent, whatever the app put there (proxies copy
// keep-alive). Connections that nobody uses are left to the server's own keepAliveTimeout, where that is not too long.

import { Duplex, Readable } from 'node:stream';
import { type Connection, type Connections, isIdle } from './connections.ts';

/** How long a client may pause in sending a request whose response is out. */
const LINGER = 5_000;
const SWITCHING_PROTOCOLS = 101;
/** How long Node's servers keep a silent connection, unless they are told otherwise: 5 s, and 1 s more than clients hear. */
const PATIENCE = 6_000;

export function closeAfterResponses(connections: Connections): void {
  // Node is asked for the module only now: where the app has not loaded it, there is little to patch.
  const { ServerResponse } = process.getBuiltinModule('node:http');
  const storeHeader: unknown = Reflect.get(ServerResponse.prototype, '_storeHeader');
  if (typeof storeHeader !== 'function') throw new Error(`Internal error: no _storeHeader in Node ${process.version}`);
  // Every way to send a header ends here, also the app's own copies of writeHead.
  const last = new WeakSet<object>();
  Reflect.set(ServerResponse.prototype, '_storeHeader', function store(this: object, ...args: unknown[]): void {
    Reflect.apply(storeHeader, this, args);
    if (Reflect.get(this, 'statusCode') !== SWITCHING_PROTOCOLS && makeLast(this, connections)) last.add(this);
  });
  // Pipelined requests arrive together, and the first may be answered before the second is seen: all are answered.
  connections.onOvertaken = (response) => {
    if (last.has(response)) Reflect.set(response, '_last', false);
  };
}

/** The response is the last one of its connection, unless the client has sent further requests already (pipelining). */
function makeLast(response: object, connections: Connections): boolean {
  const request: unknown = Reflect.get(response, 'req');
  const header: unknown = Reflect.get(response, '_header');
  if (!(request instanceof Readable) || typeof header !== 'string') return false;
  const socket: unknown = Reflect.get(request, 'socket');
  if (!(socket instanceof Duplex) || !connections.isNewest(socket, response)) return false;
  Reflect.set(response, '_header', withConnectionClose(header));
  Reflect.set(response, 'shouldKeepAlive', false);
  // Node ends the connection after the response that has this.
  Reflect.set(response, '_last', true);
  if (Reflect.get(request, 'complete') !== true) lingerOn(socket, request);
  return true;
}

/** `header`: the status line and the fields, with an empty line at the end. */
export function withConnectionClose(header: string): string {
  const fields = header.replace(/\r\n(?:connection|keep-alive):[^\r\n]*/gi, '');
  return `${fields.slice(0, -2)}Connection: close\r\n\r\n`;
}

/**
 * A response may be out before its request is in. Closing then resets the connection, and the client may not get to
 * read the response. So only our side is closed, and the rest of the request is read first, as long as it arrives.
 */
function lingerOn(socket: Duplex, request: Readable): void {
  const destroySoon: unknown = Reflect.get(socket, 'destroySoon');
  if (typeof destroySoon !== 'function') return;
  Reflect.set(socket, 'destroySoon', () => {
    Reflect.deleteProperty(socket, 'destroySoon');
    const end = (): void => void Reflect.apply(destroySoon, socket, []);
    if (Reflect.get(request, 'complete') === true) return end();
    socket.end();
    request.once('end', end);
    let bytesRead: unknown;
    const timer = setInterval(() => {
      const before = bytesRead;
      bytesRead = Reflect.get(socket, 'bytesRead');
      if (before === bytesRead) end();
    }, LINGER);
    socket.once('close', () => clearInterval(timer));
  });
}

/**
 * When to close a connection without a request in flight, performance.now(). Its server may do that earlier, by its own
 * keepAliveTimeout. A request that is on its way in that very moment is lost, and nothing can be done about it; so a
 * connection has time to be used once more, which makes it close without a loss. Most that are in use are, and the longer
 * one has been silent the less likely is a request just then. A request of which a part has come is waited for.
 */
export function whenToClose(connection: Connection, drainStart: number, lastIdle: number): number {
  if (!isIdle(connection)) return lastIdle;
  return Math.min(Math.max(connection.idleSince, drainStart) + PATIENCE, lastIdle);
}

/** Ends it once all that was written is sent. */
export function closeIdle({ top }: Connection): void {
  const destroySoon: unknown = Reflect.get(top, 'destroySoon');
  if (typeof destroySoon === 'function') Reflect.apply(destroySoon, top, []);
  else top.destroy();
}
