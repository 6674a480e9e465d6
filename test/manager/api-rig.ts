// A manager that serves its control API, and a client that asks what it likes.

import http from 'node:http';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import { start } from '../../src/manager/operations/start.ts';
import type { appSpec } from '../support/app-spec.ts';
import { ManagerRig } from '../support/manager-rig.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class Api {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /** `body`: a text is sent as it is. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.open(method, path, body);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode ?? 0, body: JSON.parse(text) };
  }

  open(method: string, path: string, body?: unknown, accept = '*/*'): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = http.request({ socketPath: this.socket, method, path, headers: { accept } }, resolve);
      request.once('error', reject);
      onTestFinished(() => void request.destroy());
      request.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** The answer to bytes that need not be HTTP. `closes`: nothing can come after them. */
  raw(bytes: string, closes = false): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      const options = { path: this.socket, allowHalfOpen: closes };
      const socket = net.connect(options, () => void (closes ? socket.end(bytes) : socket.write(bytes)));
      socket.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      socket.once('error', reject).once('close', () => resolve(text));
    });
  }
}

export async function lines(response: http.IncomingMessage): Promise<{ readonly type: string }[]> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

export async function serving(...apps: ReturnType<typeof appSpec>[]) {
  const rig = new ManagerRig(apps);
  const { context } = await rig.open();
  await start(context, null);
  return { rig, context, api: new Api(rig.layout.managerSocket) };
}
