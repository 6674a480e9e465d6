// Answers managers on cluster.sock: one answer to each request, and from `hello` on, every event. A manager that goes
// away changes nothing: what it asked for goes on. A connection that is to carry sockets is handed over. (cluster process)

import type { Socket } from 'node:net';
import { EvenkeelError, toErrorBody } from '../core/errors.ts';
import { frames, sendFrame } from '../platform/ndjson-stream.ts';
import { listenUnix, type UnixListener } from '../platform/unix-server.ts';
import type {
  ClusterRequests,
  ClusterRequestType,
  LinkMessage,
  LinkRequest,
  LogLine,
} from '../protocol/cluster-link.ts';
import { LONGEST_FRAME } from '../protocol/ndjson.ts';
import { isSocketOffer, isSocketRequest, type SocketOffer, type SocketRequest } from '../protocol/socket-passing.ts';
import type { EventRing } from './event-ring.ts';
import { output } from './own-output.ts';

export type Handlers = {
  readonly [T in ClusterRequestType]: (
    params: ClusterRequests[T]['params'],
    connection: LinkConnection,
  ) => Promise<ClusterRequests[T]['result']>;
};

export interface LinkConnection {
  send(message: LinkMessage): void;
  /** Sends log lines, and counts those that a slow reader misses, or that are too long for one. */
  sendLog(line: LogLine): void;
  /** These were missed before they came here. */
  skipLogs(lines: number): void;
  onClose(listener: () => void): void;
}

/** Connections that carry sockets (protocol/socket-passing.ts); both take them over. */
export interface SocketHandlers {
  give(connection: Socket, request: SocketRequest): void;
  take(connection: Socket, offer: SocketOffer): void;
}

/** Bytes that may wait for a follower of logs before lines are skipped. */
export const LOG_BACKLOG = 8 * 1024 * 1024;
/** As JSON, a character has at most six; and the manager passes it on with some of its own around it. */
const LONGEST_LINE = LONGEST_FRAME - 1024;

export function serveLink(
  path: string,
  handlers: Handlers,
  events: EventRing,
  sockets: SocketHandlers,
): Promise<UnixListener> {
  return listenUnix(path, (socket) => {
    const connection = connect(socket);
    let subscribed = false;
    const stopReading = frames(
      socket,
      (value) => {
        if (isSocketRequest(value) || isSocketOffer(value)) {
          stopReading();
          return value.type === 'give-sockets' ? sockets.give(socket, value) : sockets.take(socket, value);
        }
        if (!isRequest(value)) return void socket.destroy();
        if (value.type === 'hello' && !subscribed) {
          subscribed = true;
          connection.onClose(events.subscribe((event) => connection.send({ type: 'event', ...event })));
        }
        void answer(value, handlers, connection);
      },
      () => socket.destroy(),
    );
  });
}

async function answer(request: LinkRequest, handlers: Handlers, connection: LinkConnection): Promise<void> {
  const { id, type, params } = request;
  try {
    const handler = handlers[type] as (params: unknown, connection: LinkConnection) => Promise<unknown>;
    connection.send({ id, ok: true, result: await handler(params, connection) });
  } catch (error) {
    // A bug must not be lost with the answer.
    if (!(error instanceof EvenkeelError)) output.complain(error, type);
    connection.send({ id, ok: false, error: toErrorBody(error) });
  }
}

function connect(socket: Socket): LinkConnection {
  let skipped = 0;
  return {
    send: (message) => void sendFrame(socket, message),
    sendLog(line) {
      if (socket.writableLength > LOG_BACKLOG || isTooLong(line)) {
        skipped += 1;
        return;
      }
      if (skipped > 0) sendFrame(socket, { type: 'log-skipped', lines: skipped });
      skipped = 0;
      sendFrame(socket, { type: 'log', ...line });
    },
    skipLogs(lines) {
      skipped += lines;
    },
    onClose: (listener) => void socket.once('close', listener),
  };
}

function isTooLong({ line }: LogLine): boolean {
  return line.length * 6 > LONGEST_LINE && JSON.stringify(line).length > LONGEST_LINE;
}

const REQUEST_TYPES: ReadonlySet<string> = new Set<ClusterRequestType>([
  ...(['hello', 'start', 'resume', 'deploy', 'abort', 'scale', 'apply-live', 'restart', 'stop'] as const),
  ...(['status', 'ping', 'history', 'signal', 'send', 'logs'] as const),
]);

/** Both ends are evenkeel's: a request is well-formed, or the connection is somebody else's. */
function isRequest(value: unknown): value is LinkRequest {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('type' in value)) return false;
  if (!('params' in value) || typeof value.params !== 'object' || value.params === null) return false;
  return typeof value.id === 'number' && typeof value.type === 'string' && REQUEST_TYPES.has(value.type);
}
