// Manager: how the control API writes its answers: one JSON document, or a stream of JSON lines for as long as its reader
// keeps up.

import type { ServerResponse } from 'node:http';
import { ERRORS, type ErrorBody } from '../../core/errors.ts';
import { type ErrorAnswer, NDJSON } from '../../protocol/control-api.ts';
import { encodeFrame } from '../../protocol/ndjson.ts';

/** Bytes that may wait for a slow reader before it is dropped. */
const MAX_BACKLOG = 1024 * 1024;

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

export function answerError(response: ServerResponse, error: ErrorBody): void {
  const answer: ErrorAnswer = { error };
  answerJson(response, ERRORS[error.code].http, answer);
}

/** Lines of JSON, the first of which goes out when it is sent. */
export class LineStream {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.writeHead(200, { 'content-type': `${NDJSON}; charset=utf-8`, 'cache-control': 'no-store' });
    response.flushHeaders();
  }

  /** False: the reader should be given time (see onDrain). One that never takes it is dropped. */
  send(message: unknown): boolean {
    if (this.#response.destroyed || this.#response.writableEnded) return true;
    const flowing = this.#response.write(encodeFrame(message));
    if (this.#response.writableLength > MAX_BACKLOG) this.#response.destroy();
    return flowing;
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', listener);
  }

  end(): void {
    this.#response.end();
  }
}
