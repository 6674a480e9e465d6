// Asks the app in this very worker for a path, over a connection that only this process has. (worker)

import type { ClientHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { humanDuration } from '../core/human-duration.ts';
import { shownUrl } from '../core/shown-url.ts';
import { ProbeSocket } from './probe-socket.ts';
import { isHttp2, isTls } from './server-kind.ts';

export interface ProbeRequest {
  readonly path: string;
  /** null: any status below 400 will do. */
  readonly status: number | null;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface ProbeAnswer {
  readonly ok: boolean;
  /** For people: "GET /healthz answered 503". */
  readonly detail: string;
}

/** Calls back exactly once. `server` null: the app has none that speaks HTTP. */
export function probe(server: Server | null, request: ProbeRequest, onAnswer: (answer: ProbeAnswer) => void): void {
  if (server === null) return onAnswer({ ok: false, detail: 'no HTTP server listens' });
  const asked = `GET ${shownUrl(request.path)}`;
  let isAnswered = false;
  const answer = (ok: boolean, detail: string): void => {
    if (!isAnswered) onAnswer({ ok, detail: `${asked} ${detail}` });
    isAnswered = true;
  };
  const [client, served] = ProbeSocket.pair();
  const timer = setTimeout(() => {
    answer(false, `got no answer within ${humanDuration(request.timeout)}`);
    client.destroy();
  }, request.timeout);
  client.once('close', () => {
    clearTimeout(timer);
    answer(false, 'got no answer: the connection was closed');
  });
  client.on('error', (error) => answer(false, `failed: ${error.message}`));
  served.on('error', () => {});
  const onStatus = (status: number): void => {
    answer(request.status === null ? status < 400 : status === request.status, `answered ${status}`);
  };
  const onError = (error: Error): void => {
    answer(false, `failed: ${error.message}`);
    client.destroy();
  };
  try {
    server.emit('connection', served);
    const ask = isHttp2(server) ? askHttp2 : askHttp1;
    ask(isTls(server) ? encrypted(client, isHttp2(server), onError) : client, request.path, { onStatus, onError });
  } catch (error) {
    // A path that cannot be asked for is no exception of the app's.
    onError(error instanceof Error ? error : new Error(String(error)));
  }
}

interface Answers {
  onStatus(status: number): void;
  onError(error: Error): void;
}

function askHttp1(socket: Duplex, path: string, { onStatus, onError }: Answers): void {
  const http = process.getBuiltinModule('node:http');
  const headers = { connection: 'close', host: 'localhost', 'user-agent': 'evenkeel' };
  const request = http.get({ createConnection: () => socket, path, headers }, (response) => {
    onStatus(response.statusCode ?? 0);
    response.on('error', () => {});
    response.once('close', () => socket.destroy());
    response.resume();
  });
  request.on('error', onError);
}

function askHttp2(socket: Duplex, path: string, { onStatus, onError }: Answers): void {
  const http2 = process.getBuiltinModule('node:http2');
  const session: ClientHttp2Session = http2.connect('http://localhost', { createConnection: () => socket });
  session.on('error', onError);
  const request = session.request({ ':path': path, 'user-agent': 'evenkeel' });
  request.on('response', (headers) => onStatus(headers[':status'] ?? 0));
  request.on('error', onError);
  request.once('close', () => session.destroy());
  request.resume();
}

/** Nobody can be in between: the certificate is not looked at. */
function encrypted(socket: ProbeSocket, speaksHttp2: boolean, onError: (error: Error) => void): Duplex {
  const tls = process.getBuiltinModule('node:tls');
  const ALPNProtocols = speaksHttp2 ? ['h2'] : ['http/1.1'];
  return tls.connect({ socket, rejectUnauthorized: false, ALPNProtocols }).on('error', onError);
}
