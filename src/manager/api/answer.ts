// Manager: how the control API writes its answers: one JSON document, or a stream of JSON lines.

import type { ServerResponse } from 'node:http';
import { ERRORS, type ErrorBody } from '../../core/errors.ts';
import { type ErrorAnswer, NDJSON } from '../../protocol/control-api.ts';
import { encodeFrame } from '../../protocol/ndjson.ts';

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

  /** False: the reader is to be given time, until the next drain. */
  send(message: unknown): boolean {
    if (this.#isOver) return true;
    return this.#response.write(encodeFrame(message));
  }

  /** As send; resolves when there is room for more, or nobody to read it. */
  async write(message: unknown): Promise<void> {
    if (this.send(message) || this.#isOver) return;
    const response = this.#response;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go).off('close', go);
        resolve();
      };
      response.on('drain', go).on('close', go);
    });
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', listener);
  }

  onClose(listener: () => void): void {
    if (this.#response.destroyed) listener();
    else this.#response.once('close', listener);
  }

  /**
   * For a stream that goes on, from where it does: ends when its reader has closed its side. One that has died looks the
   * same until something is written.
   */
  endWithReader(): void {
    const { socket } = this.#response;
    const leave = (): void => this.end();
    socket?.once('end', leave);
    this.onClose(() => socket?.off('end', leave));
    if (socket?.readableEnded === true) leave();
  }

  end(): void {
    this.#response.end();
  }

  get #isOver(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }
}
