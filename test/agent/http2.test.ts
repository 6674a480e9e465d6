// HTTP/2 under replacement: clients that reconnect after a GOAWAY lose nothing.
//
// @module-tag more

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Primary, type TestWorker, WorkerRig } from './worker-rig.ts';

const { NGHTTP2_REFUSED_STREAM: REFUSED_STREAM } = constants;

/** Asks one request after the other; takes a new session once the old one is told to go. */
class Http2Client {
  readonly errors: string[] = [];
  answered = 0;
  refused = 0;
  readonly #origin: string;
  #session: ClientHttp2Session | null = null;
  #state: 'running' | 'stopping' = 'running';
  readonly #done: Promise<void>;

  constructor(origin: string) {
    this.#origin = origin;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#state = 'stopping';
    await this.#done;
    this.#session?.close();
  }

  async #run(): Promise<void> {
    while (this.#state === 'running') {
      const error = await this.#ask();
      if (error === null) this.answered += 1;
      else if (error === 'refused') this.refused += 1;
      else this.errors.push(error);
    }
  }

  #ask(): Promise<string | null> {
    if (this.#session === null || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(this.#origin, { rejectUnauthorized: false });
      this.#session.on('error', () => {});
    }
    const stream = this.#session.request({ ':path': '/slow' });
    return new Promise((resolve) => {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (data: string) => {
        text += data;
      });
      // In a turn of its own: by then a GOAWAY that came with the answer has been read.
      stream.on('end', () => setImmediate(resolve, text.endsWith('}') ? null : `cut: ${text}`));
      stream.on('error', (error: NodeJS.ErrnoException) => {
        // Nobody has seen the request: the client asks again.
        if (stream.rstCode === REFUSED_STREAM) setImmediate(resolve, 'refused');
        else resolve(`${error.code} ${stream.rstCode}`);
      });
    });
  }
}

async function generation(primary: Primary, port: number, secure: string): Promise<TestWorker[]> {
  const env = { PORT: `${port}`, SECURE: secure };
  const workers = [await primary.fork('http2.cjs', { env }), await primary.fork('http2.cjs', { env })];
  await Promise.all(workers.map((worker) => worker.says('listening')));
  return workers;
}

test.each([
  { scheme: 'http', secure: '', socket: 'declared' },
  { scheme: 'https', secure: 'yes', socket: 'declared' },
  { scheme: 'https', secure: 'yes', socket: 'shared' },
])('$scheme, on a $socket port: nothing is lost', async ({ scheme, secure, socket }) => {
  await using rig = new WorkerRig();
  const port = socket === 'declared' ? rig.declare() : await freePort();
  const primary = await rig.primary();
  let serving = await generation(primary, port, secure);
  const clients = Array.from({ length: 16 }, () => new Http2Client(`${scheme}://localhost:${port}`));
  const answered = () => clients.reduce((sum, client) => sum + client.answered, 0);
  for (let round = 0; round < 3; round += 1) {
    const goal = answered() + 100;
    await expect.poll(answered, { timeout: 10_000 }).toBeGreaterThan(goal);
    const old = serving;
    serving = await generation(primary, port, secure);
    for (const worker of old) worker.drain();
    for (const worker of old) expect(await worker.exit()).toBe('0');
  }
  await Promise.all(clients.map((client) => client.stop()));
  expect(clients.flatMap(({ errors }) => errors)).toEqual([]);
});

test('a request that crosses the GOAWAY is answered', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const unblock = join(rig.folder, 'unblock');
  const worker = await primary.fork('http2.cjs', { env: { PORT: `${port}`, UNBLOCK: unblock } });
  await worker.says('listening');
  const session = connect(`http://localhost:${port}`);
  await once(session, 'remoteSettings');
  const lastStreams: number[] = [];
  session.on('goaway', (_code, lastStream) => lastStreams.push(lastStream));
  const closed = once(session, 'close');

  // The worker has begun to drain, and its event loop stands still: it has not read what comes now.
  const first = statusOf(session, '/slow');
  await eventually('a connection', async () => (await worker.metrics()).connections > 0);
  await first;
  worker.drain();
  await worker.says('draining');
  const blocking = statusOf(session, '/block');
  await worker.prints('blocked');
  const before = session.socket.bytesWritten;
  const crossing = statusOf(session, '/slow');
  await eventually('the request is sent', () => session.socket.bytesWritten > before);
  writeFileSync(unblock, '');

  expect(await Promise.all([blocking, crossing])).toEqual([200, 200]);
  await closed;
  expect(lastStreams[0]).toBe(2 ** 31 - 1);
  expect(await worker.exit()).toBe('0');
});

async function statusOf(session: ClientHttp2Session, path: string): Promise<unknown> {
  const stream = session.request({ ':path': path }).resume();
  const [headers] = await once(stream, 'response');
  return headers[':status'];
}
