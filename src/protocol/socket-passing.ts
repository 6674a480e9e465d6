// How declared sockets get from one process to another that neither started it nor was started by it. A connection that
// carries sockets carries nothing else (platform/pass-sockets.ts):
//
//   receiver    starts its courier, which has the connection from then on
//   courier     asks: `give-sockets`, a line of JSON
//   holder      starts its courier, which has the connection from then on
//   courier     sends each socket to the other courier over Node's IPC, and that one on to the receiver
//
// Where the holder is the one that connects, it begins with `offer-sockets`, and is then asked in the same way.

import { isRecord } from '../core/is-record.ts';

export interface SocketRequest {
  readonly type: 'give-sockets';
  /** Texts (formatAddress) of those that are wanted; what the holder does not have, it does not send. */
  readonly addresses: readonly string[];
}

export interface SocketOffer {
  readonly type: 'offer-sockets';
  readonly addresses: readonly string[];
  /** Of the holder. */
  readonly pid: number;
}

/** Over IPC, with a handle. */
export interface SocketMessage {
  readonly evenkeel: 'socket';
  readonly address: string;
}

/** Over IPC, last. Without it, or after another number of sockets, the passing has failed. */
export interface SocketsSent {
  readonly evenkeel: 'sockets-sent';
  readonly count: number;
}

export function isSocketRequest(value: unknown): value is SocketRequest {
  return isRecord(value) && value.type === 'give-sockets' && Array.isArray(value.addresses);
}

export function isSocketOffer(value: unknown): value is SocketOffer {
  const fits = isRecord(value) && value.type === 'offer-sockets' && Array.isArray(value.addresses);
  return fits && typeof value.pid === 'number';
}

export function isSocketMessage(value: unknown): value is SocketMessage {
  return isRecord(value) && value.evenkeel === 'socket' && typeof value.address === 'string';
}

export function isSocketsSent(value: unknown): value is SocketsSent {
  return isRecord(value) && value.evenkeel === 'sockets-sent' && typeof value.count === 'number';
}
