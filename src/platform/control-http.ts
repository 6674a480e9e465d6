// HTTP over a unix socket: one request, one connection. The transport of the control client.

import http from 'node:http';
import { EvenkeelError } from '../core/errors.ts';
import type { Milliseconds } from '../core/spec.ts';
import { connectUnix, UnixConnectError } from './unix-client.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept: string;
  /** Ends the exchange: what waits for it is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Does not keep the program alive. */
  readonly background?: boolean;
}

const CONNECT_TIMEOUT: Milliseconds = 5000;

/** Gives the answer once its head is there. Throws NO_MANAGER where nobody listens, or where the connection broke. */
export async function sendHttp(socketPath: string, request: HttpRequest): Promise<http.IncomingMessage> {
  const { method, path, accept, signal } = request;
  signal?.throwIfAborted();
  const socket = await connect(socketPath);
  if (request.background === true) socket.unref();
  const text = request.body === undefined ? null : JSON.stringify(request.body);
  const headers = {
    host: 'evenkeel',
    accept,
    ...(text === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const sent = http.request({ createConnection: () => socket, method, path, headers }, resolve);
    sent.once('error', (error) => reject(signal?.aborted === true ? signal.reason : connectionLost(error)));
    if (signal !== undefined) {
      const abort = (): void => void sent.destroy();
      signal.addEventListener('abort', abort, { once: true });
      sent.once('close', () => signal.removeEventListener('abort', abort));
    }
    sent.end(text ?? undefined);
  });
}

async function connect(socketPath: string): Promise<Awaited<ReturnType<typeof connectUnix>>> {
  try {
    return await connectUnix(socketPath, CONNECT_TIMEOUT);
  } catch (error) {
    if (!(error instanceof UnixConnectError)) throw error;
    throw error.nobodyThere ? noManager(error) : unreachable(error);
  }
}

export function noManager(cause?: unknown): EvenkeelError {
  return new EvenkeelError('NO_MANAGER', 'no manager is running', {
    hint: '`evenkeel start` starts one and brings the apps up.',
    cause,
  });
}

/** The manager ended, or was killed, while it worked for us. */
export function connectionLost(cause: unknown): EvenkeelError {
  return new EvenkeelError('NO_MANAGER', 'the manager ended before it had answered', {
    hint: 'What it had begun goes on without it. `evenkeel start` starts a new manager; then `evenkeel status` and `evenkeel history APP` tell how it ended.',
    cause,
  });
}

/** The manager lives, and knows what it was asked for. */
export function connectionBroken(cause: unknown): EvenkeelError {
  return new EvenkeelError('CONNECTION_LOST', 'the connection to the manager broke before it had answered', {
    hint: 'The manager runs, and goes on with what it has begun: `evenkeel status` shows what is under way, and `evenkeel history APP` how it ended.',
    cause,
  });
}

/** As notAnswering, of a manager that has been sent something to do. */
export function leftUnanswered(cause: unknown): EvenkeelError {
  return new EvenkeelError('TIMED_OUT', 'the manager does not answer; what it was asked for may still be carried out', {
    hint: 'It may be stopped or overloaded, and does it when it goes on. Its pid is in manager.pid in the state directory; `evenkeel status` and `evenkeel history APP` tell what it did once it answers. The apps run without it.',
    cause,
  });
}

function unreachable(error: UnixConnectError): EvenkeelError {
  if (error.reason === 'timeout') return notAnswering(error);
  return new EvenkeelError('STATE_DIR_UNUSABLE', error.message, {
    hint: error.reason === 'denied' ? 'Run this as the user that the manager runs as.' : null,
    cause: error,
  });
}

export function notAnswering(cause?: unknown): EvenkeelError {
  return new EvenkeelError('TIMED_OUT', 'the manager does not answer', {
    hint: 'It may be stopped or overloaded. Its pid is in manager.pid in the state directory; the apps run without it.',
    cause,
  });
}
