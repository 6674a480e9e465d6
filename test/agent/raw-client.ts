// A TCP client that sends what it is told and remembers what it got.

import { connect, type Socket } from 'node:net';
import { Bell } from '../support/bell.ts';

const DEADLINE = 15_000;

export class RawClient {
  readonly #socket: Socket;
  readonly #bell = new Bell();
  #text = '';
  #end: 'open' | 'ended' | string = 'open';

  static async to(port: number): Promise<RawClient> {
    const client = new RawClient(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    await client.#when('connected', () => !client.#socket.connecting);
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('connect', () => this.#bell.ring());
    socket.on('data', (data: string) => {
      this.#text += data;
      this.#bell.ring();
    });
    socket.on('end', () => {
      this.#end = 'ended';
      this.#bell.ring();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#end = error.code ?? error.message;
      this.#bell.ring();
    });
  }

  get text(): string {
    return this.#text;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Waits until all this has come. */
  async gets(text: string): Promise<void> {
    await this.#when(`got ${JSON.stringify(text)}`, () => this.#text.includes(text));
  }

  /** 'ended': the server has closed its side; else the code of an error. */
  async ends(): Promise<string> {
    await this.#when('ended', () => this.#end !== 'open');
    return this.#end;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #when(what: string, isTrue: () => boolean): Promise<void> {
    const deadline = Date.now() + DEADLINE;
    while (!isTrue()) {
      if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}; ${this.#end}: ${this.#text}`);
      await this.#bell.next(deadline - Date.now());
    }
  }
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}
