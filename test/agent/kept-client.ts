// A client that has one connection and keeps it.

import http from 'node:http';
import https from 'node:https';

export class KeptClient {
  readonly #agent: http.Agent;
  readonly #port: number;
  readonly #request: typeof http.request;

  /** Has made its connection with a first request. */
  static async to(port: number, scheme: 'http' | 'https' = 'http'): Promise<KeptClient> {
    const client = new KeptClient(port, scheme);
    await client.upload('/', 0);
    return client;
  }

  private constructor(port: number, scheme: 'http' | 'https') {
    this.#port = port;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent =
      scheme === 'http' ? new http.Agent(options) : new https.Agent({ ...options, rejectUnauthorized: false });
    this.#request = scheme === 'http' ? http.request : https.request;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Sends so many bytes as fast as they are taken, and gives the body of the answer; fails if anything is cut. */
  upload(path: string, size: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, port: this.#port, path, method: 'POST' };
      const upload = this.#request({ ...options, headers: { 'Content-Length': size } }, (response) => {
        let text = '';
        response.setEncoding('latin1');
        response.on('data', (data: string) => {
          text += data;
        });
        response.on('end', () => resolve(text));
        response.on('error', reject);
      });
      upload.on('error', reject);
      const chunk = Buffer.alloc(64 * 1024, 'x');
      let left = size;
      const more = (): void => {
        while (left > 0) {
          const part = chunk.subarray(0, left);
          left -= part.length;
          if (!upload.write(part)) return void upload.once('drain', more);
        }
        upload.end();
      };
      more();
    });
  }
}
