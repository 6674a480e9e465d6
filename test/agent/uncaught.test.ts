// Exceptions that nobody catches: plain Node's way (onUncaught: exit), and the graceful one (replace).
//
// @module-tag more

import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { expect, test } from 'vitest';
import { get, RawClient } from './raw-client.ts';
import { type ForkOptions, type Primary, type TestWorker, WorkerRig } from './worker-rig.ts';

interface Scene {
  readonly worker: TestWorker;
  readonly port: number;
  readonly primary: Primary;
}

async function serve(rig: WorkerRig, { env = {}, ...options }: ForkOptions): Promise<Scene> {
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('uncaught.cjs', { ...options, env: { PORT: `${port}`, ...env } });
  await worker.says('listening');
  return { worker, port, primary };
}

const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody`;

test('onUncaught: exit leaves it to Node', async () => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, {});
  (await RawClient.to(port)).send(get('/now'));
  expect(await worker.exit()).toBe('1');
  expect(worker.messages().map(({ type }) => type)).not.toContain('uncaught');
});

test.each([
  { where: 'in a handler', request: get('/now') },
  { where: 'in a timer of a request', request: get('/timer') },
  { where: 'as a rejected promise', request: get('/reject') },
  { where: 'when the body has come', request: post('/body') },
])('onUncaught: replace: the request that threw fails at once, others are answered; $where', async ({ request }) => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, { onUncaught: 'replace' });
  const slow = await RawClient.to(port);
  slow.send(get('/very-slow'));
  const failing = await RawClient.to(port);
  // Not the first one on its connection.
  failing.send(get('/'));
  await failing.gets('}');
  failing.send(request);
  expect(await worker.says('uncaught')).toMatchObject({
    reason: expect.stringMatching(/^Error: thrown by a handler, at .*uncaught\.cjs:\d+:\d+\)?$/),
  });
  expect(await failing.ends()).toMatch(/^(?:ended|ECONNRESET)$/);
  await worker.prints('Error: thrown by a handler\n    at ');
  // It serves on until it is replaced.
  const next = await RawClient.to(port);
  next.send(get('/'));
  await next.gets('}');
  next.close();
  worker.drain();
  await slow.gets('}');
  expect(await worker.exit()).toBe('1');
});

test('a request that was answered before is left alone', async () => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, { onUncaught: 'replace' });
  const client = await RawClient.to(port);
  client.send(get('/late'));
  await client.gets('answered');
  await worker.says('uncaught');
  client.send(get('/'));
  await client.gets('}');
  client.close();
  worker.drain();
  expect(await worker.exit()).toBe('1');
});

test('HTTP/2: only the stream of the request that threw is reset', async () => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, { onUncaught: 'replace', env: { HTTP2: 'yes' } });
  const session = connect(`http://localhost:${port}`);
  const slow = statusOf(session, '/very-slow');
  const failing = session.request({ ':path': '/timer' });
  const [error] = await once(failing, 'error');
  expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  expect(failing.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  await worker.says('uncaught');
  expect(await slow).toBe(200);
  worker.drain();
  session.close();
  expect(await worker.exit()).toBe('1');
});

test('it is announced once, however often it happens, and each is written to stderr', async () => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, { onUncaught: 'replace' });
  for (const path of ['/text', '/now', '/timer']) {
    const client = await RawClient.to(port);
    client.send(get(path));
    await client.ends();
  }
  worker.drain();
  expect(await worker.exit()).toBe('1');
  expect(worker.messages().filter(({ type }) => type === 'uncaught')).toEqual([
    { type: 'uncaught', reason: "'only a text'" },
  ]);
  expect(worker.output().match(/Error: thrown by a handler\n/g)).toHaveLength(2);
  expect(worker.output()).toContain("Uncaught:\n'only a text'");
});

test("the exit code says so, also where the app's own goodbye is process.exit(0)", async () => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, { onUncaught: 'replace', env: { BYE: 'yes' } });
  (await RawClient.to(port)).send(get('/now'));
  await worker.says('uncaught');
  worker.drain();
  expect(await worker.exit()).toBe('1');
});

test("onUncaught: replace keeps out of an app's own handling", async () => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, { onUncaught: 'replace', env: { OWN: 'yes' } });
  const client = await RawClient.to(port);
  client.send(get('/now'));
  await worker.prints('own handler: thrown by a handler');
  client.close();
  worker.drain();
  expect(await worker.exit()).toBe('0');
  expect(worker.messages().map(({ type }) => type)).not.toContain('uncaught');
});

test('the app sees no listener of ours, before and after', async () => {
  await using rig = new WorkerRig();
  const { worker, port } = await serve(rig, { onUncaught: 'replace' });
  for (const path of ['/listeners', '/now', '/listeners']) {
    const client = await RawClient.to(port);
    client.send(get(path));
    if (path === '/listeners') await client.gets('0 listeners');
    else await client.ends();
    client.close();
  }
  worker.drain();
  expect(await worker.exit()).toBe('1');
});

test('where no cluster process is left, a successor is told again', async () => {
  await using rig = new WorkerRig();
  const { worker, port, primary } = await serve(rig, { onUncaught: 'replace' });
  (await RawClient.to(port)).send(get('/now'));
  await worker.says('uncaught');
  await primary.kill();
  const successor = await rig.primary();
  const orphan = await successor.orphan(worker.pid);
  expect(await orphan.says('uncaught')).toMatchObject({ reason: expect.stringContaining('thrown by a handler') });
});

async function statusOf(session: ClientHttp2Session, path: string): Promise<unknown> {
  const stream = session.request({ ':path': path }).resume();
  const [headers] = await once(stream, 'response');
  return headers[':status'];
}
