// The workers that a killed predecessor left, and the socket where their agents look for its successor.
// (cluster process)

import type { Socket } from 'node:net';
import type { WorkerKey } from '../core/cluster-model.ts';
import type { KnownWorker } from '../platform/cluster-record.ts';
import { listenUnix, type UnixListener } from '../platform/unix-server.ts';
import type { AgentMessage } from '../protocol/agent-link.ts';
import { OrphanWorker } from './orphan-worker.ts';
import { WorkerLink } from './worker-link.ts';

export class Orphans {
  readonly workers: readonly OrphanWorker[];
  #listener: UnixListener | null = null;

  constructor(known: readonly KnownWorker[], onQuiet: (key: WorkerKey) => void) {
    this.workers = known.map((worker) => new OrphanWorker(worker, () => onQuiet(worker.key)));
  }

  /** Closes by itself when the last orphan has ended. */
  async listen(path: string): Promise<void> {
    if (this.workers.length === 0) return;
    const listener = await listenUnix(path, (socket) => this.#greet(socket));
    this.#listener = listener;
    void Promise.all(this.workers.map((worker) => worker.ended)).then(() => {
      this.#listener = null;
      void listener.close();
    });
  }

  /** null: there is none left that could connect. */
  get listener(): UnixListener | null {
    return this.#listener;
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
