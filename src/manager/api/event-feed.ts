// Manager: events on their way to one reader of a stream, at its pace. One that lags too far behind misses some, and is told
// how many; nobody waits for it, and it is not dropped.

import type { EvenkeelEvent } from '../../core/events.ts';
import type { LineStream } from './answer.ts';

/** Bytes of events that may wait for a slow reader. */
export const MAX_BACKLOG = 1024 * 1024;

type Entry =
  | { readonly kind: 'message'; readonly message: unknown; readonly bytes: number }
  | { readonly kind: 'skipped'; events: number };

export class EventFeed {
  readonly #lines: LineStream;
  readonly #wrap: (event: EvenkeelEvent) => unknown;
  readonly #queue: Entry[] = [];
  #bytes = 0;
  #sending: Promise<void> | null = null;
  #begun: boolean = false;

  /** `wrap`: what is sent for an event. */
  constructor(lines: LineStream, wrap: (event: EvenkeelEvent) => unknown) {
    this.#lines = lines;
    this.#wrap = wrap;
  }

  push(event: EvenkeelEvent): void {
    const bytes = JSON.stringify(event).length;
    const last = this.#queue.at(-1);
    if (this.#bytes + bytes <= MAX_BACKLOG) this.#add(this.#wrap(event), bytes);
    else if (last?.kind === 'skipped') last.events += 1;
    else this.#queue.push({ kind: 'skipped', events: 1 });
  }

  /** From now on they are sent. `isTold`: of those that came before, which are not. */
  begin(isTold: (event: unknown) => boolean = () => false): void {
    for (const entry of this.#queue.splice(0)) {
      if (entry.kind === 'message' && isTold(entry.message)) this.#bytes -= entry.bytes;
      else this.#queue.push(entry);
    }
    this.#begun = true;
    this.#wake();
  }

  /** Sends this one whatever waits before it, as the last. Resolves when the reader has taken it, or is gone. */
  async end(message: unknown): Promise<void> {
    this.#add(message, 0);
    while (this.#sending !== null) await this.#sending;
    this.#lines.end();
  }

  #add(message: unknown, bytes: number): void {
    this.#queue.push({ kind: 'message', message, bytes });
    this.#bytes += bytes;
    this.#wake();
  }

  #wake(): void {
    if (!this.#begun) return;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
      if (this.#queue.length > 0) this.#wake();
    });
  }

  async #send(): Promise<void> {
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
      if (entry.kind === 'message') {
        this.#bytes -= entry.bytes;
        await this.#lines.write(entry.message);
      } else {
        const { events } = entry;
        await this.#lines.write(this.#wrap({ type: 'events-skipped', events, time: new Date().toISOString() }));
      }
    }
  }
}
