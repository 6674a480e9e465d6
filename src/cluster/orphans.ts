// The workers that a killed predecessor left, and the socket where their agents look for its successor.
// (cluster process)

import type { Server, Socket } from 'node:net';
import type { WorkerKey } from '../core/cluster-model.ts';
import { listenUnix } from '../platform/unix-server.ts';
import type { AgentMessage } from '../protocol/agent-link.ts';
import type { KnownWorker } from './cluster-store.ts';
import { OrphanWorker } from './orphan-worker.ts';
import { WorkerLink } from './worker-link.ts';

export class Orphans {
  readonly workers: readonly OrphanWorker[];
  #server: Server | null = null;

  constructor(known: readonly KnownWorker[], tell: (type: 'worker-quiet' | 'worker-drained', key: WorkerKey) => void) {
    this.workers = known.map((worker) => {
      const { key } = worker;
      const ports = { onQuiet: () => tell('worker-quiet', key), onDrained: () => tell('worker-drained', key) };
      return new OrphanWorker(worker, ports);
    });
  }

  /** Closes by itself when the last orphan has ended. */
  async listen(path: string): Promise<void> {
    if (this.workers.length === 0) return;
    this.#server = await listenUnix(path, (socket) => this.#greet(socket));
    void Promise.all(this.workers.map((worker) => worker.ended)).then(() => this.#server?.close());
  }

  #greet(socket: Socket): void {
    const link = new WorkerLink(socket);
    link.on((message: AgentMessage) => {
      if (message.type !== 'hello') return;
      const worker = this.workers.find((known) => known.identity.pid === message.pid);
      if (worker === undefined) link.close();
      else worker.connect(link);
    });
  }
}
