// The workers that a killed predecessor left, and the sockets where their agents look for its successor: those that it
// wrote down, and any other of this app that tells of itself. (cluster process)

import { rmdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerKey } from '../core/cluster-model.ts';
import { type Deferred, deferred } from '../core/deferred.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import type { KnownWorker } from '../platform/cluster-record.ts';
import { fileStatus } from '../platform/file-status.ts';
import { agentsSocketFor } from '../platform/paths.ts';
import { ensurePassableDir } from '../platform/private-dir.ts';
import { isAlive, type ProcessIdentity } from '../platform/process-identity.ts';
import { listenUnix, type UnixListener } from '../platform/unix-server.ts';
import { leadsSessionOf } from '../platform/worker-facts.ts';
import { type Hello, proveWorker } from './orphan-proof.ts';
import { OrphanWorker } from './orphan-worker.ts';
import { WorkerLink } from './worker-link.ts';

export interface OrphanPorts {
  readonly app: string;
  /** A key that no worker of ours has had. */
  nextKey(): WorkerKey;
  /** Whether a worker that this process started has this pid: one whose link broke is no orphan. */
  isOwn(pid: number): boolean;
  stopSignal(generation: Generation): string;
  /** Whom it runs as; null: as we do. */
  uid(generation: Generation): number | null;
  /** The highest that is known. */
  lastGeneration(): Generation;
  onQuiet(key: WorkerKey): void;
  onDrained(key: WorkerKey): void;
  /** One that was not written down. */
  onFound(orphan: OrphanWorker): void;
}

/** An agent without cluster process tries to connect at least once a second; one that has not by then never will. */
const CONNECT_GRACE: Milliseconds = 3_000;
/** For an agent to come back with the sockets that it was asked for. */
const OFFER_TIMEOUT: Milliseconds = 5_000;

export class Orphans {
  readonly #ports: OrphanPorts;
  readonly #workers: OrphanWorker[];
  readonly #offers = new Map<number, (connection: Socket) => void>();
  /** Resolves when the next one connects. */
  #arrival: Deferred<void> = deferred();
  /** Resolves when all that can connect have. */
  #complete: Promise<void> = Promise.resolve();
  #listener: UnixListener | null = null;

  constructor(recorded: readonly KnownWorker[], ports: OrphanPorts) {
    this.#ports = ports;
    const alive = recorded.filter((worker) => isAlive(worker.identity));
    // What a predecessor has started and written down needs no other proof.
    this.#workers = alive.map((worker) => this.#create(worker, () => true));
  }

  /** Those that live, or did a moment ago. */
  get workers(): readonly OrphanWorker[] {
    return this.#workers;
  }

  /** Listens for them until `close`. */
  async listen(path: string): Promise<void> {
    // A cluster process that ends by itself removes its socket.
    const wasKilled = fileStatus(path) !== null;
    this.#listener = await listenUnix(path, (socket) => this.#greet(socket, null));
    await this.#listenForOthers(path);
    if (wasKilled || this.#workers.length > 0) this.#complete = sleep(CONNECT_GRACE, undefined, { ref: false });
  }

  /** Those of other users cannot reach our socket: theirs are there for as long as they are. */
  async #listenForOthers(path: string): Promise<void> {
    const orphans = [...this.#workers];
    const uids = orphans.map(({ generation }) => this.#ports.uid(generation)).filter((uid) => uid !== null);
    const ended = Promise.all(orphans.map((orphan) => orphan.ended));
    for (const uid of new Set(uids)) {
      const own = agentsSocketFor(path, uid);
      ensurePassableDir(dirname(own));
      const listener = await listenUnix(own, (socket) => this.#greet(socket, uid), uid);
      void ended.then(() => listener.close()).then(() => removeIfEmpty(dirname(own)));
    }
  }

  /** null: not yet, or not any more. */
  get listener(): UnixListener | null {
    return this.#listener;
  }

  /** Resolves when every orphan is known, but for one that hangs. */
  allKnown(): Promise<void> {
    return this.#complete;
  }

  /** The first that fits, of those that are connected and those to come; null: there is none. */
  async find(fits: (orphan: OrphanWorker) => boolean): Promise<OrphanWorker | null> {
    const complete = this.#complete.then(() => 'complete' as const);
    for (let news: 'complete' | 'arrival' = 'arrival'; ; ) {
      const found = this.#workers.find(fits);
      if (found !== undefined) return found;
      if (news === 'complete') return null;
      news = await Promise.race([complete, this.#arrival.promise.then(() => 'arrival' as const)]);
    }
  }

  /** Has an orphan connect once more, to pass these sockets on. Throws when it does not. The connection is the caller's. */
  async connectionFor(orphan: OrphanWorker, addresses: readonly string[]): Promise<Socket> {
    const { pid } = orphan.identity;
    const offered = deferred<Socket>();
    this.#offers.set(pid, offered.resolve);
    try {
      const late = Promise.race([sleep(OFFER_TIMEOUT, null, { ref: false }), orphan.ended.then(() => null)]);
      const connection = orphan.askForSockets(addresses) ? await Promise.race([offered.promise, late]) : null;
      if (connection === null) throw new Error(`worker ${pid} did not offer its sockets`);
      return connection;
    } finally {
      this.#offers.delete(pid);
    }
  }

  /** Removes the socket: whoever looks for us finds that the app was stopped. */
  close(): void {
    void this.#listener?.close();
    this.#listener = null;
  }

  /** `uid`: the user who can have connected; null: one who could do all that we do. */
  #greet(socket: Socket, uid: number | null): void {
    const link = new WorkerLink(socket);
    link.on((message) => {
      if (message.type === 'hello') this.#welcome(link, message, uid);
      if (message.type === 'offer-sockets') {
        const take = mayBe(message.pid, uid) ? this.#offers.get(message.pid) : undefined;
        if (take === undefined) link.close();
        else take(link.handOver());
      }
    });
  }

  #welcome(link: WorkerLink, hello: Hello, uid: number | null): void {
    const { app, pid, sockets } = hello;
    if (app !== this.#ports.app) return link.close();
    const known = this.#known(pid);
    // It stays connected, and asks no more; it is told by signal what it has to do.
    if (known === undefined && this.#ports.isOwn(pid)) return;
    const orphan = known === undefined ? this.#discover(hello, uid) : mayBe(pid, uid) ? known : null;
    if (orphan === null) return link.close();
    orphan.connect(link, sockets);
    this.#arrival.resolve();
    this.#arrival = deferred();
  }

  #known(pid: number): OrphanWorker | undefined {
    return this.#workers.find(({ identity }) => identity.pid === pid && isAlive(identity));
  }

  #discover(hello: Hello, other: number | null): OrphanWorker | null {
    const uid = other ?? process.geteuid?.() ?? 0;
    const identity = proveWorker(hello, uid, this.#ports.lastGeneration());
    if (identity === null) return null;
    const { slot, generation } = hello;
    const key = Math.max(this.#ports.nextKey(), ...this.#workers.map((known) => known.key + 1));
    const startedAt = Math.min(Math.max(hello.startedAt, 0), Date.now());
    const known: KnownWorker = { key, slot, generation, identity, hasAgent: true, startedAt };
    // It can become another user's by what it runs: then it is no worker any more.
    const orphan = this.#create(known, ({ pid }) => leadsSessionOf(pid, uid));
    this.#workers.push(orphan);
    this.#ports.onFound(orphan);
    return orphan;
  }

  #create(known: KnownWorker, isWorker: (identity: ProcessIdentity) => boolean): OrphanWorker {
    const orphan = new OrphanWorker(known, {
      onQuiet: () => this.#ports.onQuiet(known.key),
      onDrained: () => this.#ports.onDrained(known.key),
      connected: () => this.#complete,
      stopSignal: () => this.#ports.stopSignal(known.generation),
      isWorker: () => isWorker(known.identity),
    });
    void orphan.ended.then(() => this.#workers.splice(this.#workers.indexOf(orphan), 1));
    return orphan;
  }
}

/** Whether it can have been this process that has connected. */
function mayBe(pid: number, uid: number | null): boolean {
  return uid === null || leadsSessionOf(pid, uid);
}

/** Other apps may have sockets there. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // In use.
  }
}
