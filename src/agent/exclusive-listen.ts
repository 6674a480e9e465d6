// A port or path that the app wants for this worker alone (`exclusive`). Node binds it in the worker, and the next generation
// could not have it while this one serves. So node:cluster shares it, but among the workers of one slot only: any other
// gets EADDRINUSE, as in plain Node, and may look for the next free port. (worker)

import cluster from 'node:cluster';
import { Server } from 'node:net';
import { handleOf } from './server-handle.ts';

interface Claim {
  readonly server: Server;
  readonly place: string;
  readonly count: number;
  isAnswered: boolean;
}

export class ExclusiveListen {
  readonly #servers = new WeakSet<object>();
  readonly #slot: number;
  #claims: readonly Claim[] = [];

  constructor(slot: number) {
    this.#slot = slot;
  }

  /** What the server is told to listen on from now on. */
  mark(server: Server, isExclusive: boolean): void {
    if (isExclusive) this.#servers.add(server);
    else this.#servers.delete(server);
  }

  /**
   * node:cluster's primary shares what has the same address and descriptor. What is no number says no descriptor to it, but
   * makes a difference. (The index of a server makes none any more in Node 26.)
   */
  install(): void {
    const getServer: unknown = Reflect.get(cluster, '_getServer');
    if (!cluster.isWorker || typeof getServer !== 'function') return;
    Reflect.set(cluster, '_getServer', (asker: unknown, options: object, onAnswer: (...args: unknown[]) => void) => {
      const isExclusive = asker instanceof Server && this.#servers.has(asker);
      if (!isExclusive) return void Reflect.apply(getServer, cluster, [asker, options, onAnswer]);
      const claim = this.#claim(asker, options);
      const answered = (...args: unknown[]): void => {
        onAnswer(...args);
        claim.isAnswered = true;
      };
      const fd = `slot ${this.#slot}, ${claim.count}`;
      Reflect.apply(getServer, cluster, [asker, { ...options, fd }, answered]);
    });
  }

  /** The primary fails where one worker asks for the same twice: the second of its servers is to get EADDRINUSE as well. */
  #claim(server: Server, options: object): Claim {
    const place = ['address', 'port', 'addressType'].map((name) => Reflect.get(options, name)).join(':');
    this.#claims = this.#claims.filter((claim) => !claim.isAnswered || handleOf(claim.server) !== null);
    const taken = this.#claims.filter((claim) => claim.place === place).map(({ count }) => count);
    let count = 0;
    while (taken.includes(count)) count += 1;
    const claim = { server, place, count, isAnswered: false };
    this.#claims = [...this.#claims, claim];
    return claim;
  }
}
