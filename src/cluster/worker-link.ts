// The cluster process's end of the link to the agent in one worker: commands out, messages in, answers matched to
// their questions. (cluster process)

import type { Socket } from 'node:net';
import { humanDuration } from '../core/human-duration.ts';
import { shownUrl } from '../core/shown-url.ts';
import { frames, sendFrame } from '../platform/ndjson-stream.ts';
import type { AgentCommand, AgentMessage, AgentMetrics } from '../protocol/agent-link.ts';
import { decodeAgentMessage } from './decode-agent-message.ts';

/** In characters. */
const LONGEST_MESSAGE = 64 * 1024;

export interface ProbeAnswer {
  readonly ok: boolean;
  /** For people: "GET /healthz answered 503". */
  readonly detail: string;
}

export class WorkerLink {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (message: AgentMessage | null) => void>();
  readonly #stopReading: () => void;
  readonly #listeners = new Set<(message: AgentMessage) => void>();
  #nextId = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      for (const answer of this.#waiting.values()) answer(null);
    });
    this.#stopReading = frames(
      socket,
      (value) => this.#receive(value),
      // Skipped: the app may have written it.
      () => {},
      LONGEST_MESSAGE,
    );
  }

  on(listener: (message: AgentMessage) => void): void {
    this.#listeners.add(listener);
  }

  /** False: the link is broken, and nobody will hear it. */
  send(command: AgentCommand): boolean {
    return sendFrame(this.#socket, command);
  }

  /** Asks the app in this very worker; never rejects. */
  async probe(path: string, status: number | null, timeout: number): Promise<ProbeAnswer> {
    const message = await this.#ask((id) => ({ type: 'probe', id, path, status, timeout }), timeout);
    if (message?.type === 'probed') return { ok: message.ok, detail: message.detail };
    return { ok: false, detail: `GET ${shownUrl(path)} was not answered within ${humanDuration(timeout)}` };
  }

  /** null: the worker did not answer in time. */
  async metrics(timeout: number): Promise<AgentMetrics | null> {
    const message = await this.#ask((id) => ({ type: 'metrics', id }), timeout);
    return message?.type === 'metrics' ? message.metrics : null;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The connection, from which nothing is read any more: for what it carries besides. */
  handOver(): Socket {
    this.#stopReading();
    return this.#socket;
  }

  #ask(command: (id: number) => AgentCommand, timeout: number): Promise<AgentMessage | null> {
    if (!this.#socket.writable) return Promise.resolve(null);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      // A worker whose event loop is blocked answers nothing: this side has a deadline of its own.
      const timer = setTimeout(() => answer(null), timeout + 50);
      const answer = (message: AgentMessage | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(message);
      };
      this.#waiting.set(id, answer);
      this.send(command(id));
    });
  }

  #receive(value: unknown): void {
    const message = decodeAgentMessage(value);
    if (message === null) return;
    if (message.type === 'probed' || message.type === 'metrics') this.#waiting.get(message.id)?.(message);
    else for (const listener of this.#listeners) listener(message);
  }
}
