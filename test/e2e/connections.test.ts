// Drains of what is not a quick request: slow answers, streams, uploads, HTTP/2, WebSocket. Each is under way when its
// worker is told to leave, and ends as it would have.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { puppet, server } from '../support/apps.ts';
import type { CliProcess } from '../support/cli-process.ts';
import type { EventStream } from '../support/event-stream.ts';
import { freePort } from '../support/free-port.ts';
import { createRig, type Rig } from '../support/rig.ts';

test('a slow request is answered by the worker that has it, while the others of its generation have gone', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: puppet({ workers: 2, env: { PORT: port } }) } });
  await rig.run('start');
  const workers = [await rig.puppets.next(), await rig.puppets.next()];
  const answer = fetch(`http://127.0.0.1:${port}/held`);
  const slow = await Promise.race(workers.map(async (worker) => ({ worker, request: await worker.heldRequest() })));
  const quick = workers.find((worker) => worker !== slow.worker);
  const { deploy } = await deployUntilDrain(rig, slow.worker.pid);
  await quick?.closed;
  expect(deploy.isOver).toBe(false);
  await slow.worker.end(slow.request, 'worth the wait');
  expect(await (await answer).text()).toBe('worth the wait');
  expect((await deploy.ended).code).toBe(0);
});

test('a streaming response goes on to its end', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: puppet({ env: { PORT: port } }) } });
  await rig.run('start');
  const old = await rig.puppets.next();
  const answered = once(httpRequest({ port, path: '/held', agent: false }).end(), 'response');
  const id = await old.heldRequest();
  await old.write(id, 'before the drain, ');
  const [response] = await answered;
  response.setEncoding('utf8');
  let text = '';
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = once(response, 'end');
  const { deploy } = await deployUntilDrain(rig, old.pid);
  for (const word of ['during ', 'the ']) await old.write(id, word);
  await old.end(id, 'drain');
  await ended;
  expect(text).toBe('before the drain, during the drain');
  expect((await deploy.ended).code).toBe(0);
});

test('an upload is received to its end', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('upload', port, { workers: 1 }) } });
  await rig.run('start');
  const [old = null] = await rig.pids('web');
  const chunk = Buffer.alloc(64 * 1024, 'u');
  const upload = httpRequest({ port, method: 'POST', agent: false });
  const response = once(upload, 'response');
  await write(upload, chunk);
  await rig.appWhere('web', 'has the connection', ({ workers }) => (workers[0]?.connections ?? 0) > 0);
  const { deploy } = await deployUntilDrain(rig, old ?? 0);
  for (let count = 1; count < 16; count += 1) await write(upload, chunk);
  upload.end();
  const [answer] = await response;
  const body = await new Response(answer).json();
  const sha256 = createHash('sha256')
    .update(Buffer.alloc(16 * chunk.length, 'u'))
    .digest('hex');
  expect(body).toMatchObject({ pid: old, bytes: 16 * chunk.length, sha256 });
  expect((await deploy.ended).code).toBe(0);
});

test('a request whose head is still on its way is answered', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http', port, { workers: 1 }) } });
  await rig.run('start');
  const [old = null] = await rig.pids('web');
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
  await rig.appWhere('web', 'has the connection', ({ workers }) => (workers[0]?.connections ?? 0) > 0);
  const { deploy } = await deployUntilDrain(rig, old ?? 0);
  let answer = '';
  socket.on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.write('\r\n');
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(answer).toMatch(/connection: close/i);
  expect(answer).toContain(`"pid":${old}`);
  expect((await deploy.ended).code).toBe(0);
});

test('HTTP/2: streams under way are finished, and the session is asked to go away', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('http2', port, { workers: 1 }) } });
  await rig.run('start');
  const [old = null] = await rig.pids('web');
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const goneAway = once(session, 'goaway');
  const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
  stream.write('first half, ');
  await once(session, 'remoteSettings');
  await rig.appWhere('web', 'has the connection', ({ workers }) => (workers[0]?.connections ?? 0) > 0);
  const { deploy } = await deployUntilDrain(rig, old ?? 0);
  await goneAway;
  stream.setEncoding('utf8');
  let body = '';
  stream.on('data', (chunk: string) => {
    body += chunk;
  });
  stream.end('second half');
  await once(stream, 'end');
  expect(JSON.parse(body)).toMatchObject({ pid: old });
  expect((await deploy.ended).code).toBe(0);
  session.close();
});

test('WebSocket: works on while draining, and the app may ask its clients to reconnect', async () => {
  const port = await freePort();
  await using rig = await createRig({ apps: { web: server('websocket', port, { workers: 1 }) } });
  await rig.run('start');
  const [old = null] = await rig.pids('web');
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  expect(await ask(socket, 'hello')).toBe('1:hello');
  const asked = once(socket, 'message');
  const { deploy } = await deployUntilDrain(rig, old ?? 0);
  expect(String((await asked)[0])).toBe('please reconnect');
  expect(await ask(socket, 'still there?')).toBe('1:still there?');
  const closed = once(socket, 'close');
  socket.close(1000);
  expect((await closed)[0]).toBe(1000);
  expect((await deploy.ended).code).toBe(0);
});

test('WebSocket: cut at stop.timeout, and counted', async () => {
  const port = await freePort();
  await using rig = await createRig({
    apps: { web: server('websocket', port, { workers: 1, stop: { timeout: '300ms' } }) },
  });
  await rig.run('start');
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  const closed = once(socket, 'close');
  const events = await rig.events();
  await rig.run('deploy', 'web');
  await closed;
  expect(await events.waitFor('deploy-finished')).toMatchObject({ outcome: 'done', loss: { cut: 1 } });
});

async function deployUntilDrain(
  rig: Rig,
  pid: number,
): Promise<{ readonly deploy: CliProcess; readonly events: EventStream }> {
  const events = await rig.events();
  const deploy = rig.spawnCli(['deploy', 'web']);
  await events.waitFor('worker-draining', (event) => event.pid === pid);
  return { deploy, events };
}

function write(upload: ReturnType<typeof httpRequest>, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    upload.write(chunk, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

async function ask(socket: WebSocket, question: string): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(question);
  return String((await answer)[0]);
}
