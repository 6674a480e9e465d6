// The manager's event stream, awaited: `waitFor` gives the first event that fits and consumes all up to it.

import http from 'node:http';
import type { EvenkeelEvent, EvenkeelEventType } from '../../src/core/events.ts';
import { FrameDecoder } from '../../src/protocol/ndjson.ts';
import { Bell } from './bell.ts';

type EventOf<T extends EvenkeelEventType> = Extract<EvenkeelEvent, { type: T }>;

export class EventStream {
  /** Everything that came, whether consumed or not. */
  readonly all: EvenkeelEvent[] = [];
  #next = 0;
  #ended: string | null = null;
  readonly #bell = new Bell();
  readonly #request: http.ClientRequest;

  private constructor(request: http.ClientRequest) {
    this.#request = request;
  }

  /** Connected when it returns: what happens from then on is seen. */
  static open(socketPath: string): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const request = http.get({ socketPath, path: '/v1/events?n=0&follow=1', agent: false });
      request.on('error', reject);
      request.on('response', (response) => {
        const stream = new EventStream(request);
        if (response.statusCode !== 200) reject(new Error(`GET /v1/events: status ${response.statusCode}`));
        const decoder = new FrameDecoder();
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => stream.#receive(decoder, chunk));
        response.on('error', (error) => stream.#end(error.message));
        response.on('close', () => stream.#end('closed'));
        resolve(stream);
      });
    });
  }

  async waitFor<T extends EvenkeelEventType>(
    type: T,
    fits: (event: EventOf<T>) => boolean = () => true,
    deadlineMs = 30_000,
  ): Promise<EventOf<T>> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const event = this.#take(type, fits);
      if (event !== null) return event;
      const left = deadline - Date.now();
      if (left <= 0 || this.#ended !== null) throw new Error(this.#complaint(type, deadlineMs));
      await this.#bell.next(left);
    }
  }

  close(): void {
    this.#request.destroy();
  }

  #take<T extends EvenkeelEventType>(type: T, fits: (event: EventOf<T>) => boolean): EventOf<T> | null {
    for (let index = this.#next; index < this.all.length; index += 1) {
      const event = this.all[index];
      if (event === undefined || !isOfType(event, type) || !fits(event)) continue;
      this.#next = index + 1;
      return event;
    }
    return null;
  }

  #receive(decoder: FrameDecoder, chunk: string): void {
    for (const frame of decoder.push(chunk)) {
      if (frame.ok && isEvent(frame.value)) this.all.push(frame.value);
      else this.#end(`not an event: ${JSON.stringify(frame)}`);
    }
    this.#bell.ring();
  }

  #end(why: string): void {
    this.#ended ??= why;
    this.#bell.ring();
  }

  #complaint(type: string, deadlineMs: number): string {
    const seen = this.all.map((event, index) => `${index < this.#next ? ' ' : '*'} ${JSON.stringify(event)}`);
    const why = this.#ended === null ? `${deadlineMs} ms passed` : `the stream ended: ${this.#ended}`;
    return `No event '${type}' that fits (${why}). Events so far (* = not consumed):\n${seen.join('\n')}`;
  }
}

function isOfType<T extends EvenkeelEventType>(event: EvenkeelEvent, type: T): event is EventOf<T> {
  return event.type === type;
}

function isEvent(value: unknown): value is EvenkeelEvent {
  return typeof value === 'object' && value !== null && 'type' in value && 'time' in value;
}
