// What of the declared sockets comes and goes after the start: given to a manager that asks, taken from a manager or an
// orphan that offers. Owns the couriers that do it. (cluster process)

import type { Socket } from 'node:net';
import { giveSockets, receiveSockets } from '../platform/pass-sockets.ts';
import type { SocketOffer, SocketRequest } from '../protocol/socket-passing.ts';
import type { InheritedSockets } from './inherited-sockets.ts';

export class SocketTraffic {
  readonly #sockets: InheritedSockets;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(sockets: InheritedSockets) {
    this.#sockets = sockets;
  }

  /** Takes the connection over. Whoever asked notices by itself when it fails, and asks again. */
  give(connection: Socket, { addresses }: SocketRequest): void {
    void this.#track(giveSockets(connection, this.#sockets.passable(addresses), this.#closing.signal)).catch(() => {});
  }

  /** Takes the connection over. Rejects when the sockets do not come. */
  take(connection: Socket, { addresses }: Pick<SocketOffer, 'addresses'>): Promise<void> {
    return this.#track(
      receiveSockets(connection, addresses, this.#closing.signal).then((received) => {
        for (const socket of received) this.#sockets.add(socket);
      }),
    );
  }

  /** Resolves when no copy of a socket is under way any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#underWay);
  }

  #track(passing: Promise<void>): Promise<void> {
    this.#underWay.add(passing);
    const done = (): void => void this.#underWay.delete(passing);
    passing.then(done, done);
    return passing;
  }
}
