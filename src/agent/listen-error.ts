// The errors of calls of server.listen that fail, as plain Node has them: "listen EADDRINUSE: address already in use
// :::3000" at the line of the app that called. node:cluster's own say "bind EADDRINUSE null:3000", at no line of the
// app. (worker)

import cluster from 'node:cluster';
import { Server } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { bindTcp } from '../platform/node-handles.ts';
import type { ListenRequest } from './listen-arguments.ts';

/** Of each server, where it was last told to listen. */
const calls = new WeakMap<Server, Error>();

/** `callee`: the function that the app has called; what is below that does not show. */
export function rememberCall(server: Server, callee: (...args: never[]) => unknown): void {
  const call = new Error();
  Error.captureStackTrace(call, callee);
  calls.set(server, call);
}

/** Not in this turn of the event loop, in which the app may still add its listener. */
export function failListen(server: Server, error: Error): void {
  // Bound, so that no line of ours is in the stack that Node prints.
  process.nextTick(server.emit.bind(server), 'error', error);
}

/** What the system refuses. */
export function systemError(server: Server, code: 'EADDRINUSE' | 'EBADF', request: ListenRequest): Error {
  const { address, port } = placeOf(request);
  return describe(server, -constants.errno[code], address, port);
}

/** What we refuse. */
export function refusal(server: Server, message: string, request: ListenRequest): Error {
  return build(server, message, { code: 'LISTEN_FAILED', syscall: 'listen', ...placeOf(request) });
}

/** Has node:cluster's errors replaced, where the private function that they come from is there. */
export function correctClusterErrors(): void {
  const getServer: unknown = Reflect.get(cluster, '_getServer');
  if (!cluster.isWorker || typeof getServer !== 'function') return;
  Reflect.set(cluster, '_getServer', (asker: unknown, options: unknown, onAnswer: (...args: unknown[]) => void) => {
    const answered = (error: unknown, handle: unknown, ...rest: unknown[]): void => {
      const errno = asker instanceof Server ? errorIn(error, handle, options) : 0;
      if (errno === 0 || !(asker instanceof Server)) return onAnswer(error, handle, ...rest);
      failListen(asker, describe(asker, errno, field(options, 'address'), field(options, 'port')));
    };
    Reflect.apply(getServer, cluster, [asker, options, answered]);
  });
}

/** As node:net looks: a bind that failed and was followed by another has got any port. */
function errorIn(error: unknown, handle: unknown, options: unknown): number {
  if (typeof error === 'number' && error !== 0) return error;
  const [port, ask] = [field(options, 'port'), field(handle, 'getsockname')];
  if (typeof port !== 'number' || port <= 0 || typeof ask !== 'function') return 0;
  const bound: { port?: number } = {};
  const answer: unknown = Reflect.apply(ask, handle, [bound]);
  if (typeof answer === 'number' && answer !== 0) return answer;
  return bound.port === port ? 0 : -constants.errno.EADDRINUSE;
}

function describe(server: Server, errno: number, address: unknown, port: unknown): Error {
  const [code, reason] = getSystemErrorMap().get(errno) ?? [`${errno}`, 'unknown error'];
  const hasPort = typeof port === 'number' && port > 0;
  const host = hasPort && (address === null || address === undefined) ? everyAddress(code) : address;
  const place = hasPort ? ` ${host}:${port}` : typeof host === 'string' ? ` ${host}` : '';
  const details = { code, errno, syscall: 'listen', address: host, ...(port ? { port } : {}) };
  return build(server, `listen ${code}: ${reason}${place}`, details);
}

/** Node tries IPv6 first, and learns only when it listens that a port is taken. */
function everyAddress(code: string): string {
  if (code !== 'EADDRINUSE') return '0.0.0.0';
  const bound = bindTcp('::', 0, 6);
  if (bound.ok) bound.handle.close();
  return bound.ok ? '::' : '0.0.0.0';
}

function build(server: Server, message: string, details: object): Error {
  const error = Object.assign(new Error(message), details);
  const frames = framesOf(calls.get(server));
  if (frames !== null) error.stack = `${error.name}: ${message}${frames}`;
  return error;
}

/** null: the app has the stacks of its errors made otherwise. */
function framesOf(call: Error | undefined): string | null {
  const stack: unknown = call?.stack;
  if (typeof stack !== 'string') return null;
  const start = stack.indexOf('\n    at ');
  return start === -1 ? '' : stack.slice(start);
}

function placeOf(request: ListenRequest): { readonly address: string | null; readonly port: number } {
  if (request.kind === 'unix') return { address: request.path, port: -1 };
  return { address: request.host, port: request.port };
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}
