// Manager: one connection to a cluster process. Requests are answered once or fail at their deadline; events and log
// lines go to the handlers.

import type { Socket } from 'node:net';
import { EvenkeelError } from '../core/errors.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import { frames, sendFrame } from '../platform/ndjson-stream.ts';
import {
  type ClusterParams,
  type ClusterRequestType,
  type ClusterResult,
  LINK_VERSION,
  type LinkMessage,
  OLDEST_LINK_VERSION,
} from '../protocol/cluster-link.ts';
import { clusterLost } from './cluster-faults.ts';
import { decodeLinkMessage } from './decode-link-message.ts';

/** What to do about one that does not answer. */
const SILENT =
  'It may be stopped or overloaded: `evenkeel status` tells whether it answers by now. One that hangs is replaced; its workers serve on.';

/** Everything that is not the answer to a request. */
export type LinkNews = Extract<LinkMessage, { readonly type: string }>;

export interface LinkHandlers {
  onNews(news: LinkNews): void;
  /** Once; the requests under way have been failed. */
  onClose(): void;
}

interface Pending {
  readonly timer: Timer;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class LinkClient {
  readonly #app: string;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #handlers: LinkHandlers;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  readonly #closed = new AbortController();
  #isDoubtful: boolean = false;

  constructor(app: string, socket: Socket, clock: Clock, handlers: LinkHandlers) {
    this.#app = app;
    this.#socket = socket;
    this.#clock = clock;
    this.#handlers = handlers;
    // What one end has garbled cannot be trusted any further; a new connection starts afresh.
    const stopReading = frames(
      socket,
      (value) => this.#receive(value),
      () => this.close(),
    );
    socket.on('close', () => {
      stopReading();
      this.#end();
    });
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** It has not answered a request in time, nor any since. */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  /** Throws what the cluster process answers, TIMED_OUT after `timeout`, or CLUSTER_LOST when the connection ends. */
  async request<T extends ClusterRequestType>(
    type: T,
    params: ClusterParams<T>,
    timeout: Milliseconds,
  ): Promise<ClusterResult<T>> {
    if (this.#closed.signal.aborted) throw clusterLost(this.#app);
    const id = this.#nextId++;
    // First of all: a message that cannot be sent leaves nothing behind that waits for its answer.
    sendFrame(this.#socket, { id, type, params });
    const result = new Promise<unknown>((resolve, reject) => {
      const timer = this.#clock.setTimer(this.#clock.now() + timeout, () => {
        this.#pending.delete(id);
        this.#isDoubtful = true;
        const message = `${this.#app}: its cluster process did not answer "${type}" within ${humanDuration(timeout)}`;
        reject(new EvenkeelError('TIMED_OUT', message, { hint: SILENT }));
      });
      this.#pending.set(id, { timer, resolve, reject });
    });
    // The other end is evenkeel's own, of a version agreed in `hello`: its results have the type of the request.
    return (await result) as ClusterResult<T>;
  }

  async hello(evenkeel: string, sinceEvent: number, timeout: Milliseconds): Promise<ClusterResult<'hello'>> {
    const snapshot = await this.request('hello', { version: LINK_VERSION, evenkeel, sinceEvent }, timeout);
    if (snapshot.version >= OLDEST_LINK_VERSION && snapshot.version <= LINK_VERSION) return snapshot;
    const versions = `speaks version ${snapshot.version} of the link, and evenkeel ${evenkeel} does not`;
    throw new EvenkeelError('CLUSTER_LOST', `${this.#app}: its cluster process ${versions}`);
  }

  /** Stops reading, so that the other end notices a reader who cannot keep up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
    this.#end();
  }

  #receive(value: unknown): void {
    const message = decodeLinkMessage(value);
    // Of a newer version perhaps; what it must understand was agreed in `hello`.
    if (message === null) return;
    if ('id' in message) this.#settle(message);
    else this.#handlers.onNews(message);
  }

  #settle(answer: Extract<LinkMessage, { readonly id: number }>): void {
    this.#isDoubtful = false;
    const pending = this.#pending.get(answer.id);
    // Too late: its deadline has passed.
    if (pending === undefined) return;
    this.#pending.delete(answer.id);
    pending.timer.cancel();
    if (answer.ok) pending.resolve(answer.result);
    else pending.reject(EvenkeelError.fromBody(answer.error));
  }

  #end(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    for (const pending of this.#pending.values()) {
      pending.timer.cancel();
      pending.reject(clusterLost(this.#app));
    }
    this.#pending.clear();
    this.#handlers.onClose();
  }
}
