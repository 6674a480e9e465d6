import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EvenkeelError } from '../../src/core/errors.ts';
import { ControlClient } from '../../src/platform/control-client.ts';
import { FakeManager, type Reply } from '../cli/support/fake-manager.ts';
import * as samples from '../cli/support/samples.ts';
import { tempDir } from '../support/temp-dir.ts';

async function clientOf(
  replies: Readonly<Record<string, Reply>>,
): Promise<{ client: ControlClient; manager: FakeManager }> {
  const folder = tempDir();
  const manager = await new FakeManager(replies).listen(folder);
  return { manager, client: new ControlClient(join(folder, '.evenkeel/manager.sock')) };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof EvenkeelError ? error.code : String(error);
}

async function first<T>(stream: AsyncIterable<T>): Promise<T | null> {
  for await (const value of stream) return value;
  return null;
}

const result = samples.operationResult(samples.appResult());

describe('the control client', () => {
  it('names apps safely in a path', async () => {
    const { client, manager } = await clientOf({});
    await client.history('../a b', { showEnv: true }).catch(() => {});
    expect(manager.lines).toEqual(['GET /v1/apps/..%2Fa%20b/history?show-env=1']);
  });

  it('tells what happens during an operation, then gives its result', async () => {
    const events = samples.EVENT_LINES.slice(0, 3).map(([event]) => event);
    const reply: Reply = {
      stream: (send, close) => {
        for (const event of events) send({ type: 'event', event });
        send({ type: 'of a later version' });
        send({ type: 'result', result });
        close();
      },
    };
    const { client, manager } = await clientOf({ 'POST /v1/reload': reply });
    const seen: unknown[] = [];
    expect(await client.operate('/v1/reload', { a: 1 }, { onEvent: (event) => seen.push(event) })).toEqual(result);
    expect(seen).toEqual(events);
    expect(manager.calls).toEqual([{ line: 'POST /v1/reload', body: { a: 1 } }]);
  });

  it.each([
    ['there is no socket', () => {}, 'NO_MANAGER'],
    ['there is something else', (path: string) => writeFileSync(path, ''), 'NO_MANAGER'],
  ])('%s', async (_name, prepare, code) => {
    const path = join(tempDir(), 'manager.sock');
    prepare(path);
    expect(await codeOf(new ControlClient(path).version())).toBe(code);
  });

  it('is told that the manager is lost when the connection breaks', async () => {
    const path = join(tempDir(), 'manager.sock');
    const server = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const client = new ControlClient(path);
    expect(await codeOf(client.version())).toBe('NO_MANAGER');
    expect(await codeOf(client.operate('/v1/reload', {}))).toBe('NO_MANAGER');
  });

  it('is told that the manager is lost when an operation ends without a result', async () => {
    const { client, manager } = await clientOf({ 'POST /v1/reload': { stream: () => manager.die() } });
    expect(await codeOf(client.operate('/v1/reload', {}))).toBe('NO_MANAGER');
  });

  it.each([
    ['before it is answered', (response: ServerResponse) => void response.destroy()],
    [
      'in the midst of the answer',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
        response.write('{"type":"accepted","operation":1}\n', () => response.destroy());
      },
    ],
  ])('is told that only the connection broke where the manager runs on: %s', async (_when, cut) => {
    const path = join(tempDir(), 'manager.sock');
    const server = createHttpServer((request, response) => {
      if (request.method === 'POST') return cut(response);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"version":"1","pid":1}');
    }).listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await expect(new ControlClient(path).operate('/v1/deploy', {})).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: 'the connection to the manager broke before it had answered',
      hint: expect.stringContaining('goes on with what it has begun'),
    });
  });

  it('says of an operation that a manager which hangs may still carry it out', async () => {
    const path = join(tempDir(), 'manager.sock');
    const server = createServer(() => {}).listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await expect(new ControlClient(path, 50).operate('/v1/deploy', {})).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: 'the manager does not answer; what it was asked for may still be carried out',
    });
  });

  it.each([
    ['an error', { status: 409, json: { error: { code: 'NO_DEPLOY', message: 'none', hint: null } } }, 'NO_DEPLOY'],
    ['an error that is unknown here', { status: 409, json: { error: { code: 'NEW', message: 'x' } } }, 'INTERNAL'],
    ['no error at all', { status: 500, json: 'oops' }, 'INTERNAL'],
    ['another thing than was asked for', { json: [] }, 'INTERNAL'],
  ])('is answered with %s', async (_name, reply, code) => {
    const { client } = await clientOf({ 'GET /v1/plan': reply });
    expect(await codeOf(client.plan())).toBe(code);
  });

  it('can be left', async () => {
    const gone = new AbortController();
    const { client } = await clientOf({
      'POST /v1/reload': { stream: (send) => send({ type: 'event', event: samples.EVENT_LINES[0]?.[0] }) },
    });
    const operation = client.operate(
      '/v1/reload',
      {},
      { onEvent: () => gone.abort(new Error('enough')), signal: gone.signal },
    );
    expect(await codeOf(operation)).toBe('Error: enough');
  });

  it.each([
    ['a question', (client: ControlClient) => client.version()],
    ['an operation', (client: ControlClient) => client.operate('/v1/reload', {})],
    ['events that are past', (client: ControlClient) => first(client.events({ n: 1 }))],
    ['events from now on', (client: ControlClient) => first(client.events({ follow: true }))],
    ['log lines', (client: ControlClient) => first(client.logs('web', { n: 1 }))],
  ])('waits for no manager that hangs: %s', async (_what, ask) => {
    const path = join(tempDir(), 'manager.sock');
    const server = createServer(() => {}).listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    expect(await codeOf(ask(new ControlClient(path, 50)))).toBe('TIMED_OUT');
  });

  it('gives events as they come', async () => {
    const { client, manager } = await clientOf({
      'GET /v1/events': {
        stream: (send, close) => {
          for (const [event] of samples.EVENT_LINES) send(event);
          close();
        },
      },
    });
    const seen = [];
    for await (const event of client.events({ n: 5, follow: true })) seen.push(event);
    expect(seen).toEqual(samples.EVENT_LINES.map(([event]) => event));
    expect(manager.lines).toEqual(['GET /v1/events?n=5&follow=1']);
  });
});
