// One worker, one drain: what happens to each kind of connection, and when the app is told.

import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { LONG } from '../support/tiers.ts';
import { KeptClient } from './kept-client.ts';
import { get, RawClient } from './raw-client.ts';
import { type ForkOptions, type TestWorker, WorkerRig } from './worker-rig.ts';

const QUIET = { finished: 0, inFlight: 0, open: 0 };

async function start(rig: WorkerRig, fixture: string, env: Record<string, string> = {}, options: ForkOptions = {}) {
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork(fixture, { ...options, env: { ...env, PORT: `${port}` } });
  await worker.says('listening');
  return { port, worker };
}

/** The drain has begun: nothing is accepted any more. */
async function hasBegun(worker: TestWorker): Promise<void> {
  await worker.says('draining');
}

/** The worker has accepted a connection; what was sent on it before has been read by now. */
async function isConnected(worker: TestWorker): Promise<void> {
  await eventually('a connection', async () => (await worker.metrics()).connections > 0);
  await worker.metrics();
}

test('a worker without connections exits at once, with 0', async () => {
  await using rig = new WorkerRig();
  const { worker } = await start(rig, 'http.cjs');
  worker.drain();
  expect(await worker.exit()).toBe('0');
  expect(await worker.says('draining')).toMatchObject(QUIET);
  expect(await worker.says('drained')).toMatchObject({ finished: 0 });
});

test('a worker without a server exits at once, with 0', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('idle.cjs');
  await worker.prints('works');
  worker.drain();
  expect(await worker.exit()).toBe('0');
});

test('a worker without a server that listens to messages is told at once', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('idle.cjs', { env: { HANDLER: 'message' } });
  await worker.prints('works');
  worker.drain();
  expect(await worker.exit()).toBe('3');
});

test('a request in flight is answered, and its connection closed', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await RawClient.to(port);
  client.send(get('/very-slow'));
  await isConnected(worker);
  worker.drain();
  expect(await client.ends()).toBe('ended');
  expect(client.text).toContain('Connection: close\r\n');
  expect(client.text).toContain(`"pid":${worker.pid}`);
  expect(await worker.exit()).toBe('0');
  expect(await worker.says('drained')).toMatchObject({ finished: 1 });
});

test('a request that comes on a connection opened before the drain is answered', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await RawClient.to(port);
  await isConnected(worker);
  worker.drain();
  await hasBegun(worker);
  client.send(get('/'));
  expect(await client.ends()).toBe('ended');
  expect(client.text).toContain('Connection: close\r\n');
  expect(await worker.exit()).toBe('0');
});

test('the next request on a kept connection is answered and is its last', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await RawClient.to(port);
  client.send(get('/'));
  await client.gets('}');
  expect(client.text).toContain('Connection: keep-alive');
  worker.drain();
  await hasBegun(worker);
  client.send(get('/proxied-head'));
  expect(await client.ends()).toBe('ended');
  expect(client.text.match(/Connection: close/g)).toHaveLength(1);
  expect(client.text.match(/keep-alive/gi)).toHaveLength(2);
  expect(await worker.exit()).toBe('0');
});

test('a response that streams finishes, and its connection goes at its keepAliveTimeout', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { KEEP_ALIVE: '100' });
  const client = await RawClient.to(port);
  client.send(get('/stream'));
  await client.gets('"pid":');
  worker.drain();
  expect(await client.ends()).toBe('ended');
  expect(client.text).toContain('\r\n0\r\n\r\n');
  expect(await worker.exit()).toBe('0');
});

test.each(['/', '/slow', '/stream'])('requests that were pipelined to %s are all answered', async (path) => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await RawClient.to(port);
  await isConnected(worker);
  worker.drain();
  await hasBegun(worker);
  client.send(get(path).repeat(5));
  expect(await client.ends()).toBe('ended');
  expect(client.text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(5);
  expect(client.text.match(/Connection: close/g)?.length).toBeGreaterThan(0);
  expect(await worker.exit()).toBe('0');
});

test('an upload in progress is read to its end, after "100 Continue" too', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await RawClient.to(port);
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n');
  await client.gets('100 Continue');
  worker.drain();
  await hasBegun(worker);
  client.send('01234');
  await isConnected(worker);
  client.send('56789');
  expect(await client.ends()).toBe('ended');
  expect(client.text).toContain('"bytes":10');
  expect(await worker.exit()).toBe('0');
});

test.each(['/early', '/echo'])('an upload whose response to %s is out first is read to its end', async (path) => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await KeptClient.to(port);
  worker.drain();
  await hasBegun(worker);
  const size = 8 * 1024 * 1024;
  const text = await client.upload(path, size);
  if (path === '/echo') expect(text).toHaveLength(size);
  else expect(text).toContain(`"pid":${worker.pid}`);
  expect(await worker.exit()).toBe('0');
});

test('an idle connection without keepAliveTimeout is closed before the app is told for lack of time', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { KEEP_ALIVE: '86400000', HANDLER: 'close' });
  const client = await RawClient.to(port);
  client.send(get('/'));
  await client.gets('}');
  worker.drain(2_000);
  expect(await client.ends()).toBe('ended');
  expect(await worker.exit()).toBe('0');
  expect((await worker.says('drained')).finished).toBe(0);
});

test.each(['http.cjs', 'https.cjs'])(
  'silent connections do not take up all the time there is: %s',
  LONG,
  async (fixture) => {
    await using rig = new WorkerRig();
    const { port, worker } = await start(rig, fixture, { KEEP_ALIVE: '86400000' });
    const client = await KeptClient.to(port, fixture === 'https.cjs' ? 'https' : 'http');
    const before = performance.now();
    worker.drain(60_000);
    expect(await worker.exit()).toBe('0');
    expect(performance.now() - before).toBeGreaterThan(5_900);
    expect(performance.now() - before).toBeLessThan(20_000);
    client.close();
  },
);

test('a request that came while the worker was busy, and its idle connections fell due, is answered', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { KEEP_ALIVE: '86400000' });
  const client = await RawClient.to(port);
  client.send(get('/'));
  await client.gets('}');
  const began = performance.now();
  worker.drain(2_000);
  await hasBegun(worker);
  // Answered between two turns of its event loop: the drain waits for its timers by now.
  await worker.metrics();
  process.kill(worker.pid, 'SIGSTOP');
  client.send(get('/'));
  await eventually('the connection is due', () => performance.now() - began > 2_000);
  process.kill(worker.pid, 'SIGCONT');
  expect(await client.ends()).toBe('ended');
  expect(client.text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  expect(await worker.exit()).toBe('0');
});

test('a request that comes slowly is waited for', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { KEEP_ALIVE: '86400000' });
  const silent = await KeptClient.to(port);
  const slow = await RawClient.to(port);
  slow.send(get('/'));
  await slow.gets('}');
  worker.drain(60_000);
  await hasBegun(worker);
  slow.send(get('/slow').slice(0, -2));
  await worker.says('draining', ({ open }) => open === 1);
  slow.send('\r\n');
  expect(await slow.ends()).toBe('ended');
  expect(slow.text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  expect(await worker.exit()).toBe('0');
  silent.close();
});

test('an app is told at the last call when a request never ends', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { HANDLER: 'exit-at-once' });
  const client = await RawClient.to(port);
  client.send(get('/never'));
  await isConnected(worker);
  worker.drain(1_000);
  expect(await worker.exit()).toBe('0');
  expect(worker.messages().filter(({ type }) => type === 'drained')).toEqual([]);
  expect(worker.messages().at(-1)).toMatchObject({ type: 'draining', inFlight: 1, open: 1 });
});

test('"report" is answered at once', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await RawClient.to(port);
  client.send(get('/never'));
  await isConnected(worker);
  worker.drain(60_000);
  worker.tell({ type: 'report' });
  await worker.says('draining', ({ inFlight, open }) => inFlight === 1 && open === 1);
});

test('a second drain brings the deadline nearer', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { HANDLER: 'exit-at-once' });
  const client = await RawClient.to(port);
  client.send(get('/never'));
  await isConnected(worker);
  worker.drain(3_600_000);
  worker.drain(0);
  expect(await worker.exit()).toBe('0');
});

test("the app's own server.close calls back without an error, and 'close' is emitted once", async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { HANDLER: 'close' });
  worker.drain();
  expect(await worker.exit()).toBe('0');
  expect(worker.output()).toBe(`listening true, port ${port}\nclose emitted\nclosed: no error\n`);
});

test('an app that closes its server when told ends by itself', async () => {
  await using rig = new WorkerRig();
  const { worker } = await start(rig, 'http.cjs', { HANDLER: 'close-only' });
  worker.drain();
  expect(await worker.exit()).toBe('0');
});

test('an app with handlers for both gets the message, then the signal', async () => {
  await using rig = new WorkerRig();
  const { worker } = await start(rig, 'http.cjs', { HANDLER: 'both' });
  worker.drain();
  expect(await worker.exit()).toBe('0');
  expect(worker.output()).toBe('message shutdown\nsignal\n');
});

test('an app that only knows other messages ends by the signal', async () => {
  await using rig = new WorkerRig();
  const { worker } = await start(rig, 'http.cjs', { HANDLER: 'deaf-to-messages' });
  worker.drain(400);
  expect(await worker.exit()).toBe('SIGTERM');
});

test('an app that listens to messages on cluster.worker is told there', async () => {
  await using rig = new WorkerRig();
  const { worker } = await start(rig, 'http.cjs', { HANDLER: 'on-worker' });
  worker.drain();
  expect(await worker.exit()).toBe('8');
});

test('the stop signal is the one of the config', async () => {
  await using rig = new WorkerRig();
  const { worker } = await start(rig, 'http.cjs', { HANDLER: 'deaf-to-messages' }, { stopSignal: 'SIGUSR2' });
  worker.drain(400);
  expect(await worker.exit()).toBe('SIGUSR2');
});

test('an app with WebSockets is told as soon as nothing else is left, and closes them', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'websocket.cjs', { HANDLER: 'message' });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  worker.drain(60_000);
  await hasBegun(worker);
  expect(await closed).toBe(1012);
  expect(await worker.exit()).toBe('0');
});

test.each([
  { name: 'that the app has closed', handler: 'exit-when-closed', code: 1012, inFlight: 0 },
  { name: 'whose close the app has heard of just now', handler: 'exit-with-last', code: 1012, inFlight: 0 },
  { name: 'that is open', handler: 'exit-at-once', code: 1006, inFlight: 1 },
])('a WebSocket $name when the app exits counts as $inFlight in use', async ({ handler, code, inFlight }) => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'websocket.cjs', { HANDLER: handler });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  worker.drain(60_000);
  expect(await closed).toBe(code);
  expect(await worker.exit()).toBe('0');
  expect(worker.messages().at(-1)).toMatchObject({ type: 'draining', inFlight });
});

test.each([
  { name: 'app has closed the connection of', handler: 'close-all', inFlight: 1 },
  { name: 'client has given up', handler: 'close-then-exit', inFlight: 0 },
])('a request that the $name counts as $inFlight in use when the app exits', async ({ handler, inFlight }) => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs', { HANDLER: handler, KEEP_ALIVE: '86400000' });
  const client = await RawClient.to(port);
  client.send(get('/never'));
  await isConnected(worker);
  worker.drain(1_000);
  if (handler === 'close-then-exit') {
    await worker.prints('closing');
    client.close();
  }
  expect(await worker.exit()).toBe('0');
  expect(worker.messages().at(-1)).toMatchObject({ type: 'draining', inFlight });
});

test('a WebSocket of an app without handlers lives until the client closes it', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'websocket.cjs');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  await new Promise((resolve) => socket.once('open', resolve));
  worker.drain(60_000);
  await worker.says('draining', ({ inFlight, open }) => inFlight === 1 && open === 1);
  const answer = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
  socket.send('hello');
  expect(await answer).toBe('echo hello');
  socket.close();
  expect(await worker.exit()).toBe('0');
});

test.each([
  { name: 'is told and closes them', env: { HANDLER: 'signal' }, last: 'bye' },
  { name: 'without handlers waits for its clients', env: {}, last: 'two' },
])('an app with raw TCP connections $name', async ({ env, last }) => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'tcp.cjs', env);
  const client = await RawClient.to(port);
  client.send('one');
  await client.gets('one');
  worker.drain(60_000);
  await worker.says('draining', ({ inFlight }) => inFlight === 1);
  if (last === 'two') client.send('two');
  await client.gets(last);
  client.close();
  expect(await worker.exit()).toBe('0');
});

test('HTTPS: the next request on a kept connection is its last, and a WebSocket is seen as one', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'https.cjs');
  const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, { rejectUnauthorized: false });
  await new Promise((resolve) => socket.once('open', resolve));
  const client = await KeptClient.to(port, 'https');
  worker.drain(60_000);
  await worker.says('draining', ({ inFlight, open }) => inFlight === 1 && open === 2);
  expect(await client.upload('/upload', 10)).toContain('"bytes":10');
  await worker.says('draining', ({ inFlight, open }) => inFlight === 1 && open === 1);
  socket.close();
  expect(await worker.exit()).toBe('0');
});

test('metrics count connections and finished requests, but not probes', async () => {
  await using rig = new WorkerRig();
  const { port, worker } = await start(rig, 'http.cjs');
  const client = await RawClient.to(port);
  client.send(get('/') + get('/'));
  await worker.probe('/healthz');
  await expect.poll(() => worker.metrics()).toMatchObject({ connections: 1, requests: 2 });
  expect((await worker.metrics()).rss).toBeGreaterThan(1e6);
});
