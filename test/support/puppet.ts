// The test's end of fixtures/puppet.mjs: a worker that does only what the test tells it.

import type { Socket } from 'node:net';
import { Bell } from './bell.ts';

export interface PuppetHello {
  readonly pid: number;
  readonly app: string;
  readonly slot: number;
  /** What NAUGHT_WORKER says. */
  readonly naughtSlot: number;
  readonly generation: number;
  readonly version: string;
}

type WorkerFunction = keyof typeof import('../../src/worker.ts');

/** What a puppet can be told; the names are those of puppet.mjs. */
type Order =
  | { readonly do: 'listen'; readonly port: number; readonly host?: string }
  | { readonly do: 'accept'; readonly fd: number }
  | { readonly do: 'print'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly do: 'send'; readonly message: unknown }
  | { readonly do: 'exit'; readonly code: number }
  | { readonly do: 'throw'; readonly message: string }
  | { readonly do: 'allocate'; readonly bytes: number }
  | { readonly do: 'health'; readonly status: number }
  | { readonly do: 'trap'; readonly signal: string }
  | { readonly do: 'hear' | 'disconnect' }
  | { readonly do: 'module'; readonly ask: WorkerFunction; readonly args: readonly string[] }
  | { readonly do: 'write'; readonly request: number; readonly text: string }
  | { readonly do: 'end'; readonly request: number; readonly text: string };

/** What a puppet tells of itself. */
export type PuppetNews =
  | { readonly news: 'message'; readonly message: unknown }
  | { readonly news: 'task'; readonly ask: WorkerFunction }
  | { readonly news: 'signal'; readonly signal: string }
  | { readonly news: 'request'; readonly request: number; readonly url: string };

export class Puppet {
  readonly hello: PuppetHello;
  /** Settles when the process is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #orders = new Map<number, { readonly done: () => void; readonly died: () => void }>();
  readonly #news: PuppetNews[] = [];
  readonly #bell = new Bell();
  #lastOrder = 0;

  constructor(hello: PuppetHello, socket: Socket) {
    this.hello = hello;
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    void this.closed.then(() => {
      for (const { died } of this.#orders.values()) died();
    });
  }

  get pid(): number {
    return this.hello.pid;
  }

  get isRunning(): boolean {
    return !this.#socket.destroyed;
  }

  /** Listens as an ordinary server would, and returns when it does. */
  async listen(port: number, host?: string): Promise<void> {
    await this.#order(host === undefined ? { do: 'listen', port } : { do: 'listen', port, host });
  }

  /** Accepts on a socket that it was given. */
  async accept(fd: number): Promise<void> {
    await this.#order({ do: 'accept', fd });
  }

  async print(text: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    await this.#order({ do: 'print', stream, text });
  }

  async send(message: unknown): Promise<void> {
    await this.#order({ do: 'send', message });
  }

  async allocate(bytes: number): Promise<void> {
    await this.#order({ do: 'allocate', bytes });
  }

  /** The status that /healthz answers with from now on. */
  async health(status: number): Promise<void> {
    await this.#order({ do: 'health', status });
  }

  /** Installs a handler that only reports the signal. */
  async trap(signal: NodeJS.Signals): Promise<void> {
    await this.#order({ do: 'trap', signal });
  }

  /** Tells of every message from now on. */
  async hear(): Promise<void> {
    await this.#order({ do: 'hear' });
  }

  /** The next message that it has heard. */
  async heard(): Promise<unknown> {
    const news = await this.waitFor((item) => item.news === 'message');
    return news.news === 'message' ? news.message : null;
  }

  /** Closes its channel with process.disconnect. */
  async disconnect(): Promise<void> {
    await this.#order({ do: 'disconnect' });
  }

  /** Calls a function of `evenkeel/worker`, with a task that is news when it runs. */
  async module(ask: WorkerFunction, ...args: readonly string[]): Promise<void> {
    await this.#order({ do: 'module', ask, args });
  }

  async exit(code: number): Promise<void> {
    await Promise.race([this.#order({ do: 'exit', code }), this.closed]);
  }

  async throw(message: string): Promise<void> {
    await Promise.race([this.#order({ do: 'throw', message }), this.closed]);
  }

  async write(request: number, text: string): Promise<void> {
    await this.#order({ do: 'write', request, text });
  }

  async end(request: number, text: string): Promise<void> {
    await this.#order({ do: 'end', request, text });
  }

  /** A request for /held... that waits to be told its answer. */
  async heldRequest(): Promise<number> {
    const news = await this.waitFor((item) => item.news === 'request');
    if (news.news !== 'request') throw new Error('Internal error: not a request');
    return news.request;
  }

  /** The first piece of news that fits, which is consumed. */
  async waitFor(fits: (news: PuppetNews) => boolean, deadlineMs = 30_000): Promise<PuppetNews> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const index = this.#news.findIndex(fits);
      const [found] = index < 0 ? [] : this.#news.splice(index, 1);
      if (found !== undefined) return found;
      if (!this.isRunning) throw new Error(`Puppet ${this.pid} is gone; its news: ${JSON.stringify(this.#news)}`);
      if (Date.now() > deadline) throw new Error(`Puppet ${this.pid}: no such news in ${JSON.stringify(this.#news)}`);
      await this.#bell.next(deadline - Date.now());
    }
  }

  receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    if ('done' in message && typeof message.done === 'number') this.#orders.get(message.done)?.done();
    else if ('news' in message) this.#news.push(message as PuppetNews);
    this.wake();
  }

  wake(): void {
    this.#bell.ring();
  }

  async #order(order: Order): Promise<void> {
    this.#lastOrder += 1;
    const id = this.#lastOrder;
    const done = new Promise<void>((resolve, reject) => {
      const died = (): void => reject(new Error(`Puppet ${this.pid} died before '${order.do}' was done`));
      if (this.isRunning) this.#orders.set(id, { done: resolve, died });
      else died();
    });
    // `exit` and `throw` are raced with the death that they cause.
    done.catch(() => undefined);
    this.#socket.write(`${JSON.stringify({ id, ...order })}\n`);
    await done.finally(() => this.#orders.delete(id));
  }
}
