// A control API that answers what a test tells it to, on a socket where the CLI looks for a manager.

import { mkdirSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Call {
  /** "POST /v1/reload", with the query. */
  readonly line: string;
  readonly body: unknown;
}

/** An answer in one piece, or messages that are sent one by one until `close`. */
export type Reply =
  | { readonly status?: number; readonly json: unknown }
  | { readonly stream: (send: (message: unknown) => void, close: () => void) => void };

export class FakeManager {
  readonly calls: Call[] = [];
  #server: http.Server | null = null;
  readonly #replies: Readonly<Record<string, Reply>>;

  /** By method and path, without the query. */
  constructor(replies: Readonly<Record<string, Reply>>) {
    this.#replies = { 'GET /v1/version': { json: { version: '9.8.7', pid: 4321 } }, ...replies };
  }

  /** Listens for the config in `folder` until the test has ended. */
  async listen(folder: string): Promise<this> {
    const stateDir = join(folder, '.evenkeel');
    mkdirSync(stateDir, { mode: 0o700 });
    const server = http.createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(join(stateDir, 'manager.sock'), resolve));
    this.#server = server;
    onTestFinished(() => this.die());
    return this;
  }

  /** As by SIGKILL. */
  die(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** The lines of all calls but the question for the version. */
  get lines(): readonly string[] {
    return this.calls.map((call) => call.line).filter((line) => line !== 'GET /v1/version');
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    const line = `${request.method} ${request.url}`;
    this.calls.push({ line, body: text === '' ? null : JSON.parse(text) });
    const reply = this.#replies[line.split('?')[0] ?? ''];
    if (reply === undefined) {
      response.writeHead(404).end(JSON.stringify({ error: { code: 'NOT_FOUND', message: `no ${line}`, hint: null } }));
    } else if ('json' in reply) {
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(reply.json));
    } else {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
      reply.stream(
        (message) => response.write(`${JSON.stringify(message)}\n`),
        () => response.end(),
      );
    }
  }
}
