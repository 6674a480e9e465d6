// Pure: what a server speaks, told by the methods it has: the modules that define the classes are not loaded for it,
// and an app may load them after the agent. (worker)

import type { Http2Server } from 'node:http2';
import type { Server } from 'node:net';
import type { Server as TlsServer } from 'node:tls';

export type ServerKind = 'http' | 'https' | 'h2c' | 'h2' | 'tcp' | 'tls';

export function kindOf(server: Server): ServerKind {
  if (isHttp2(server)) return isTls(server) ? 'h2' : 'h2c';
  if ('closeIdleConnections' in server) return isTls(server) ? 'https' : 'http';
  return isTls(server) ? 'tls' : 'tcp';
}

export function isTls(server: Server): server is TlsServer {
  return 'setSecureContext' in server;
}

export function isHttp2(server: Server): server is Http2Server {
  return 'updateSettings' in server;
}

/** True where HTTP is spoken in one of its versions. */
export function speaksHttp(kind: ServerKind): boolean {
  return kind !== 'tcp' && kind !== 'tls';
}
