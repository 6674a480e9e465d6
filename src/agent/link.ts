// The worker's end of the link to its cluster process: first the inherited socket pair, and when that breaks (the
// cluster process was killed) a connection to its successor, tried for ever. (worker)
//
// Nothing here keeps the event loop alive: an app that ends by itself ends.

import { createConnection, Socket } from 'node:net';
import { frames, sendFrame } from '../platform/ndjson-stream.ts';
import { errorCode } from '../platform/system-error.ts';
import type { AgentBoot, AgentCommand, AgentMessage } from '../protocol/agent-link.ts';
import { decodeCommand } from './decode-command.ts';

const FIRST_RETRY = 100;
const LAST_RETRY = 1_000;
const DENIED: readonly (string | null)[] = ['EACCES', 'EPERM'];

export interface LinkPorts {
  onCommand(command: AgentCommand): void;
  /** After the hello to a successor: what it has missed. */
  onAdopted(): void;
  /** There is a successor perhaps, but this process may not connect to it. */
  onDenied(): void;
  /** Texts of the declared sockets that could be passed on now. */
  sockets(): readonly string[];
}

export class Link {
  readonly #boot: AgentBoot;
  readonly #ports: LinkPorts;
  /** The connection, or null while there is none. */
  #socket: Socket | null;
  #kind: 'child' | 'orphan' = 'child';
  #retryDelay = FIRST_RETRY;

  constructor(boot: AgentBoot, ports: LinkPorts) {
    this.#boot = boot;
    this.#ports = ports;
    this.#socket = new Socket({ fd: boot.linkFd, readable: true, writable: true });
    this.#use(this.#socket, () => {
      this.#kind = 'orphan';
      this.#retryLater();
    });
    this.#greet();
  }

  /** The cluster process that forked this worker is gone. */
  get isOrphan(): boolean {
    return this.#kind === 'orphan';
  }

  /** A message that finds no cluster process is dropped. */
  send(message: AgentMessage): void {
    if (this.#socket !== null) sendFrame(this.#socket, message);
  }

  #use(socket: Socket, onLost: () => void): void {
    socket.unref();
    socket.on('error', () => {});
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      this.#socket = null;
      onLost();
    });
    frames(
      socket,
      (value) => {
        const command = decodeCommand(value);
        if (command !== null) this.#ports.onCommand(command);
      },
      () => {},
    );
  }

  #greet(): void {
    const { app, slot, generation } = this.#boot;
    const sockets = this.isOrphan ? this.#ports.sockets() : [];
    const startedAt = Math.round(performance.timeOrigin);
    this.send({ type: 'hello', app, pid: process.pid, slot, generation, orphan: this.isOrphan, startedAt, sockets });
  }

  #retryLater(): void {
    setTimeout(() => this.#reconnect(), this.#retryDelay).unref();
    this.#retryDelay = Math.min(this.#retryDelay * 2, LAST_RETRY);
  }

  #reconnect(): void {
    const socket = createConnection(this.#boot.reconnectPath);
    this.#use(socket, () => this.#retryLater());
    socket.on('error', (error) => {
      if (DENIED.includes(errorCode(error))) this.#ports.onDenied();
    });
    socket.once('connect', () => {
      this.#socket = socket;
      this.#retryDelay = FIRST_RETRY;
      this.#greet();
      this.#ports.onAdopted();
    });
  }
}
