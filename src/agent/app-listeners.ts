// What the app itself has on `process`, and how it is told to stop. (worker)

import cluster from 'node:cluster';
import type { AppHandlers } from './drain-plan.ts';

const SHUTDOWN = 'shutdown';

export class AppListeners {
  readonly #stopSignal: string;
  /** node:cluster's own: it passes messages on to cluster.worker. */
  readonly #notTheApps = new Set<unknown>(cluster.isWorker ? process.listeners('message').slice(0, 1) : []);

  constructor(stopSignal: string) {
    this.#stopSignal = stopSignal;
  }

  handlers(): AppHandlers {
    const listeners = process.listeners('message').filter((listener) => !this.#notTheApps.has(listener));
    const onWorker = cluster.worker?.listenerCount('message') ?? 0;
    return { message: listeners.length + onWorker > 0, signal: process.listenerCount(this.#stopSignal) > 0 };
  }

  /** As if the parent had sent it. In a turn of its own, so that what a listener throws is the app's own exception. */
  sendMessage(): void {
    process.nextTick(() => Reflect.apply(process.emit, process, ['message', SHUTDOWN]));
  }

  /** After the message, if there is one. */
  sendSignal(): void {
    process.nextTick(() => process.kill(process.pid, this.#stopSignal));
  }
}
