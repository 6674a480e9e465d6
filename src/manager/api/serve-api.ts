// Manager: the control API, HTTP on a unix socket that only its user can reach. No request, however odd, harms another.

import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { EvenkeelError, toErrorBody } from '../../core/errors.ts';
import type { EvenkeelEvent } from '../../core/events.ts';
import type { Milliseconds } from '../../core/spec.ts';
import { listenUnix } from '../../platform/unix-server.ts';
import { NDJSON } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { refuseWhileStopping } from '../refusals.ts';
import type { RunningOperation } from '../under-way.ts';
import { answerError, answerJson } from './answer.ts';
import { matchRoute } from './match-route.ts';
import { readBody } from './read-body.ts';
import { type Call, type Operation, ROUTE_TABLE, requireParameters } from './routes.ts';
import type { EventHistory } from './stream-events.ts';
import { streamOperation } from './stream-operation.ts';

export interface ApiServer {
  /** False: its file was removed, and nobody new can ask. */
  readonly isThere: boolean;
  /** Requests under way go on. Throws LISTEN_FAILED. */
  putBack(): Promise<void>;
  /** Takes no more requests, and ends when those under way have been answered, at the latest after `timeout`. */
  close(timeout: Milliseconds): Promise<void>;
}

export interface ApiOptions {
  /** From the first byte of a request to its last. */
  readonly requestTimeout?: Milliseconds;
}

/** Throws LISTEN_FAILED. */
export async function serveApi(
  path: string,
  context: ManagerContext,
  events: EventHistory,
  options: ApiOptions = {},
): Promise<ApiServer> {
  const requestTimeout = options.requestTimeout ?? 30_000;
  const server = http.createServer({
    requestTimeout,
    headersTimeout: Math.min(requestTimeout, 10_000),
    connectionsCheckingInterval: Math.min(requestTimeout, 5_000),
  });
  // A client that has said all it wants to say still gets its answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('request', (request, response) => void handle(context, events, request, response));
  server.on('clientError', refuseMalformed);
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    server.emit('connection', socket);
  };
  const listener = await listenUnix(path, onConnection, null, { halfOpen: true });
  // It has no socket of its own; this starts the watch over its timeouts.
  server.emit('listening');
  return {
    get isThere() {
      return listener.isThere;
    },
    putBack: () => listener.putBack(),
    async close(timeout) {
      const closed = listener.close();
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), timeout);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function handle(
  context: ManagerContext,
  events: EventHistory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Told by the connection's end as well; a reader that is gone needs no answer.
  response.on('error', () => {});
  try {
    const url = urlOf(request);
    const { name, app } = matchRoute(request.method ?? '', url.pathname);
    const route = ROUTE_TABLE[name];
    requireParameters(route, url.searchParams);
    const call: Call = { context, events, app, query: url.searchParams, request, response };
    if (route.kind === 'query') return await route.answer(call);
    const operation = route.prepare(call, await readBody(request));
    refuseWhileStopping(context);
    await operate(call, operation);
  } catch (error) {
    if (!(error instanceof EvenkeelError) && !response.destroyed) context.fleet.complain(error);
    refuse(request, response, error);
  }
}

/** Throws BAD_REQUEST. */
function urlOf({ url = '' }: IncomingMessage): URL {
  try {
    // A path that begins with two slashes is no host.
    return new URL(url.startsWith('/') ? `http://evenkeel${url}` : url);
  } catch {
    throw new EvenkeelError('BAD_REQUEST', `${url} is neither a path nor a URL`);
  }
}

async function operate({ context, request, response }: Call, operation: Operation): Promise<void> {
  // Otherwise the end of the manager, which may be what is asked for, would wait for a connection that is idle.
  response.shouldKeepAlive = false;
  const run = async (running: RunningOperation) => {
    const result = await operation.run(running);
    // What has been answered as done is remembered, whatever happens to the manager next.
    const isWritten = await context.fleet.state.flush();
    const { texts } = context.fleet.warnings;
    const isTold = isWritten || texts.length > 0;
    const why = isTold ? texts : ['the disk does not answer: what was changed is not written down yet'];
    return { ...result, notices: [...result.notices, ...why] };
  };
  await context.underWay.track(async (running, id) => {
    if (request.headers.accept?.includes(NDJSON) !== true) return answerJson(response, 200, await run(running));
    await streamOperation(context, response, { id, concerns: concernsOf(operation, running), run: () => run(running) });
  });
}

function concernsOf({ apps }: Operation, running: RunningOperation): (event: EvenkeelEvent) => boolean {
  if (apps === null) return () => true;
  const isOurs = (app: string) => (apps === 'begun' ? running.hasBegun(app) : apps.includes(app));
  return (event) => 'app' in event && isOurs(event.app);
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // What is left of the request is not read: the connection cannot be used again.
  if (!request.complete) response.shouldKeepAlive = false;
  answerError(response, toErrorBody(error));
  if (response.headersSent && !response.writableEnded) response.end();
}

/** Not HTTP, or half a request that was never finished. */
function refuseMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const body = JSON.stringify({
    error: {
      code: late ? 'TIMED_OUT' : 'BAD_REQUEST',
      message: late ? 'the request was not finished in time' : 'this is not an HTTP request that can be understood',
      hint: null,
    },
  });
  const head = `HTTP/1.1 ${late ? '408 Request Timeout' : '400 Bad Request'}\r\nContent-Type: application/json\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
