// Where the puppets of one rig connect.

import { createServer, type Server, type Socket } from 'node:net';
import { FrameDecoder } from '../../src/protocol/ndjson.ts';
import { Bell } from './bell.ts';
import { Puppet, type PuppetHello } from './puppet.ts';

export class PuppetTheatre {
  readonly path: string;
  readonly #server: Server;
  readonly #arrived: Puppet[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #bell = new Bell();

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
    server.on('connection', (socket) => this.#welcome(socket));
  }

  static open(path: string): Promise<PuppetTheatre> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => resolve(new PuppetTheatre(path, server)));
    });
  }

  /** The next puppet that has come and was not taken yet. */
  async next(fits: (hello: PuppetHello) => boolean = () => true, deadlineMs = 30_000): Promise<Puppet> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const index = this.#arrived.findIndex(({ hello }) => fits(hello));
      const [puppet] = index < 0 ? [] : this.#arrived.splice(index, 1);
      if (puppet !== undefined) return puppet;
      if (Date.now() > deadline)
        throw new Error(`No such puppet came within ${deadlineMs} ms; waiting: ${this.#list()}`);
      await this.#bell.next(deadline - Date.now());
    }
  }

  /** Those that have come and were not taken yet. */
  get waiting(): number {
    return this.#arrived.length;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #welcome(socket: Socket): void {
    this.#sockets.add(socket);
    let puppet: Puppet | null = null;
    const decoder = new FrameDecoder();
    socket.setEncoding('utf8');
    // A puppet that is killed resets its connection.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      puppet?.wake();
    });
    socket.on('data', (chunk: string) => {
      for (const frame of decoder.push(chunk)) {
        if (!frame.ok) throw new Error(`A puppet sent ${frame.reason}`);
        if (puppet === null) {
          puppet = new Puppet(frame.value as PuppetHello, socket);
          this.#arrived.push(puppet);
          this.#bell.ring();
        } else puppet.receive(frame.value);
      }
    });
  }

  #list(): string {
    return JSON.stringify(this.#arrived.map(({ hello }) => hello));
  }
}
