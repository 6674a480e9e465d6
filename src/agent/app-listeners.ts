// What the app itself has on `process` or left with `onShutdown`, and how it is told to stop. (worker)

import cluster from 'node:cluster';
import type { WorkerTask } from '../protocol/worker-calls.ts';
import type { AppHandlers } from './drain-plan.ts';
import { runTasks } from './run-tasks.ts';

const SHUTDOWN = 'shutdown';

export class AppListeners {
  readonly #stopSignal: string;
  /** node:cluster's own: it passes messages on to cluster.worker. */
  readonly #notTheApps = new Set<unknown>(cluster.isWorker ? process.listeners('message').slice(0, 1) : []);

  /** What it asked for with onShutdown. */
  readonly #tasks: WorkerTask[] = [];
  #running: 'not yet' | number = 'not yet';

  constructor(stopSignal: string) {
    this.#stopSignal = stopSignal;
  }

  handlers(): AppHandlers {
    const listeners = process.listeners('message').filter((listener) => !this.#notTheApps.has(listener));
    const onWorker = cluster.worker?.listenerCount('message') ?? 0;
    return {
      message: listeners.length + onWorker > 0,
      signal: process.listenerCount(this.#stopSignal) > 0,
      tasks: this.#tasks.length === 0 ? 'none' : this.#running === 0 ? 'done' : 'pending',
    };
  }

  onShutdown(task: WorkerTask): void {
    this.#tasks.push(task);
    // It was told before: there is nothing to wait for any more.
    if (this.#running !== 'not yet') void this.#run([task]);
  }

  /** Settles when all that it has left to do is done. */
  runTasks(): Promise<void> {
    this.#running = 0;
    return this.#run(this.#tasks);
  }

  async #run(tasks: readonly WorkerTask[]): Promise<void> {
    const before = this.#running === 'not yet' ? 0 : this.#running;
    this.#running = before + 1;
    await runTasks(tasks);
    // The process ends when this is done. The signal may have been sent only now: the app hears it in the next turn.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    this.#running -= 1;
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
