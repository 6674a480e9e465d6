// Clients of the control API, and whoever finds the inner sockets, that do what no client should: what runs serves on, and
// the manager answers everybody else.

import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, type TestContext, test } from 'vitest';
import { server } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { Load } from '../support/load.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { LONG } from '../support/tiers.ts';
import { type Chapter, report, requestsOf } from './finding.ts';

const CLIENTS = 8;
const MEGABYTE = 1024 ** 2;
const MANY = 1000;

interface Scene {
  readonly rig: Rig;
  readonly load: Load;
  readonly pids: readonly (number | null)[];
}

describe('clients of the control API', LONG, () => {
  test('1,000 that connect and say nothing', async (context) => {
    const scene = await running();
    const silent = await connectMany(scene.rig.state.managerSocket, MANY);
    await expectUnharmed(context, scene, '1,000 connections that say nothing', () => hangUp(silent));
  });

  test('1,000 that send half a request', async (context) => {
    const scene = await running();
    const half = await connectMany(scene.rig.state.managerSocket, MANY);
    for (const socket of half) socket.write('POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"');
    await expectUnharmed(context, scene, '1,000 half requests', () => hangUp(half));
  });

  test('1,000 at once that ask for the status', async (context) => {
    const scene = await running();
    const answers = await Promise.all(Array.from({ length: MANY }, () => scene.rig.status()));
    for (const { apps } of answers) expect(apps).toMatchObject([{ name: 'web', state: 'online', ready: 2 }]);
    await expectUnharmed(context, scene, '1,000 requests at once');
  });

  test('a body of 10 MB', async (context) => {
    const scene = await running();
    const status = await new Promise<number | string>((resolve) => {
      const headers = { 'content-type': 'application/json' };
      const { managerSocket: socketPath } = scene.rig.state;
      const request = http.request({ socketPath, path: '/v1/apps/web/deploy', method: 'POST', headers });
      request.on('response', ({ statusCode = 0 }) => resolve(statusCode));
      request.on('error', (error) => resolve(error.message));
      request.end(JSON.stringify({ env: { A: 'x'.repeat(10 * MEGABYTE) } }));
    });
    expect([413, 'write EPIPE', 'socket hang up', 'read ECONNRESET']).toContain(status);
    await expectUnharmed(context, scene, 'a body of 10 MB');
  });

  test('100 that follow the events and read none of them', async (context) => {
    const scene = await running();
    const followers = await connectMany(scene.rig.state.managerSocket, 100);
    for (const socket of followers) socket.pause().write('GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n');
    for (let count = 0; count < 10; count += 1) await scene.rig.run('scale', `web=${2 + (count % 2)}`);
    await scene.rig.run('scale', 'web=2');
    await expectUnharmed(context, scene, '100 followers of events that read nothing', () => hangUp(followers));
  });

  test('100 that leave in the midst of an answer', async (context) => {
    const scene = await running();
    for (let count = 0; count < 100; count += 1) {
      const [socket] = await connectMany(scene.rig.state.managerSocket, 1);
      socket?.write('GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n');
      if (socket !== undefined) await once(socket, 'readable');
      socket?.destroy();
    }
    await expectUnharmed(context, scene, '100 clients that leave in the midst of an answer');
  });
});

/** Requests and messages of the inner protocols, but for those that are meant to change something. */
const TYPES = [
  'hello',
  'status',
  'ping',
  'history',
  'logs',
  'send-sockets',
  'ready',
  'listening',
  'held',
  'probed',
  'metrics',
];
const words = fc.constantFrom(
  'id',
  'type',
  'params',
  'version',
  'evenkeel',
  'app',
  'pid',
  'slot',
  'generation',
  '__proto__',
);
const message = fc.record({
  ...{ id: fc.oneof(fc.integer(), fc.jsonValue()), type: fc.oneof(fc.constantFrom(...TYPES), fc.string()) },
  params: fc.oneof(fc.dictionary(words, fc.jsonValue()), fc.jsonValue()),
});
const flat = fc.dictionary(words, fc.oneof(fc.jsonValue(), fc.constantFrom(...TYPES)));
const bytes = fc.oneof(
  message.map((value) => `${JSON.stringify(value)}\n`),
  flat.map((value) => `${JSON.stringify(value)}\n`),
  fc.string({ unit: 'binary', maxLength: 500 }),
  fc.string({ unit: 'binary', maxLength: 500 }).map((text) => `${text}\n`),
);

describe('random input', LONG, () => {
  test.for(['cluster.sock', 'agents.sock', 'manager.sock'] as const)('on %s', async (name, context) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const scene = await running();
    const { state } = scene.rig;
    const { socket, agentsSocket } = state.app('web');
    const path = { 'cluster.sock': socket, 'agents.sock': agentsSocket, 'manager.sock': state.managerSocket }[name];
    const inputs = fc.sample(fc.array(bytes, { minLength: 1, maxLength: 5 }), { seed, numRuns: 2000 });
    for (const [index, input] of inputs.entries()) {
      const [client] = await connectMany(path, 1);
      for (const part of input) client?.write(part);
      // Some say goodbye, others just leave.
      if (index % 2 === 0) client?.end();
      else client?.destroy();
      if (index % 2 === 0 && client?.destroyed === false) client.destroySoon();
    }
    await expectUnharmed(context, scene, `2,000 random inputs on ${name}`, undefined, {
      chapter: 'Random input',
      seed,
    });
  });
});

async function running(): Promise<Scene> {
  const port = await freePort();
  const rig = await createRig({ apps: { web: server('http', port, { listen: [port] }) } });
  await rig.run('start');
  const load = rig.load({ port, clients: CLIENTS });
  await load.more(CLIENTS);
  return { rig, load, pids: await rig.pids('web') };
}

/** The same workers serve; commands work, those that change something too; nothing was lost. */
async function expectUnharmed(
  context: TestContext,
  { rig, load, pids }: Scene,
  fault: string,
  after: () => void = () => undefined,
  { chapter = 'Clients that misbehave', seed }: { chapter?: Chapter; seed?: number } = {},
): Promise<void> {
  expect((await rig.pids('web')).slice(0, pids.length)).toEqual(pids);
  await rig.run('deploy', 'web', '--env', 'VERSION=2');
  after();
  load.lap();
  await load.sees('2');
  await eventually('it is whole', async () => (await rig.app('web')).state === 'online');
  const loss = await load.stop();
  expect(loss).toMatchObject({ failed: 0, failures: [] });
  report(context, {
    ...{ chapter, fault, promise: 'P10', requests: requestsOf(loss) },
    result: 'everybody else was answered; the next deploy was done',
    ...(seed === undefined ? {} : { seed }),
  });
}

function connectMany(path: string, count: number): Promise<readonly Socket[]> {
  return Promise.all(Array.from({ length: count }, () => eventually('it is connected', () => tryToConnect(path))));
}

/** null: so many wait to be accepted that the system takes no more. */
async function tryToConnect(path: string): Promise<Socket | null> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null;
    throw error;
  }
  socket.on('error', () => undefined);
  return socket;
}

function hangUp(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}
