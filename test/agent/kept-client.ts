// A client that has one connection and keeps it.

import { Agent, request } from 'node:http';

export class KeptClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  /** Has made its connection with a first request. */
  static async to(port: number): Promise<KeptClient> {
    const client = new KeptClient(port);
    await client.upload('/', 0);
    return client;
  }

  private constructor(port: number) {
    this.#port = port;
  }

  /** Sends so many bytes as fast as they are taken, and gives the body of the answer; fails if anything is cut. */
  upload(path: string, size: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, port: this.#port, path, method: 'POST' };
      const upload = request({ ...options, headers: { 'Content-Length': size } }, (response) => {
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
          left -= chunk.length;
          if (!upload.write(chunk)) return void upload.once('drain', more);
        }
        upload.end();
      };
      more();
    });
  }
}
