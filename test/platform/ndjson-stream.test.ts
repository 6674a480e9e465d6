import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deferred } from '../../src/core/deferred.ts';
import { frames, sendFrame } from '../../src/platform/ndjson-stream.ts';
import { connectUnix } from '../../src/platform/unix-client.ts';
import { listenUnix } from '../../src/platform/unix-server.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Both ends of a connection. */
async function socketPair(): Promise<[Socket, Socket]> {
  const path = join(tempDir(), 'pair.sock');
  const accepted = deferred<Socket>();
  const listener = await listenUnix(path, accepted.resolve);
  const client = await connectUnix(path, 10_000);
  const other = await accepted.promise;
  void listener.close();
  onTestFinished(() => {
    client.destroy();
    other.destroy();
  });
  return [client, other];
}

/** What arrives at `socket` until the other end has closed. */
async function collect(socket: Socket): Promise<{ values: unknown[]; bad: string[] }> {
  const [values, bad]: [unknown[], string[]] = [[], []];
  frames(
    socket,
    (value) => values.push(value),
    (reason) => bad.push(reason),
  );
  await once(socket, 'end');
  return { values, bad };
}

describe('frames and sendFrame', () => {
  it('brings messages over, in order', async () => {
    const [near, far] = await socketPair();
    const messages = [{ id: 1 }, 'two\nlines', null, [3], { text: 'ü €' }];
    for (const message of messages) expect(sendFrame(near, message)).toBe(true);
    near.end();
    expect(await collect(far)).toEqual({ values: messages, bad: [] });
  });

  it('puts characters together that arrive in two parts', async () => {
    const [near, far] = await socketPair();
    const bytes = Buffer.from('{"text":"€"}\n');
    const first = once(far, 'data');
    const collected = collect(far);
    near.write(bytes.subarray(0, 10));
    await first;
    near.end(bytes.subarray(10));
    expect(await collected).toEqual({ values: [{ text: '€' }], bad: [] });
  });

  it('tells of a line that is not JSON, drops one that was not finished, and goes on', async () => {
    const [near, far] = await socketPair();
    near.end('nonsense\n{"id":1}\n{"id":2');
    const { values, bad } = await collect(far);
    expect([values, bad.length]).toEqual([[{ id: 1 }], 1]);
  });

  it('calls nobody once it was ended, even for what has arrived', async () => {
    const [near, far] = await socketPair();
    const values: unknown[] = [];
    const stop = frames(
      far,
      (value) => {
        values.push(value);
        stop();
      },
      () => {},
    );
    near.end('1\n2\n');
    far.resume();
    await once(far, 'end');
    expect(values).toEqual([1]);
  });

  it('says that a message to a closed socket was not sent', async () => {
    const [near] = await socketPair();
    near.destroy();
    expect(sendFrame(near, {})).toBe(false);
    const [ending] = await socketPair();
    ending.end();
    expect(sendFrame(ending, {})).toBe(false);
  });
});
