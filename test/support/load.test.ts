import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from './free-port.ts';
import { startLoad } from './load.ts';

const body = (version: string): string => JSON.stringify({ version, pid: process.pid, n: 1 });

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, resolve));
  onTestFinished(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** `timeout`: ms; by default longer than any machine takes for its answer. */
async function loadAgainst(
  answer: RequestListener,
  timeout = 30_000,
): Promise<Awaited<ReturnType<ReturnType<typeof startLoad>['stop']>>> {
  const load = startLoad({ port: await listen(createServer(answer)), clients: 2, timeout });
  await load.more(6);
  return load.stop();
}

describe('load counts an answer', () => {
  test('for every request that was answered well, by version', async () => {
    let asked = 0;
    const report = await loadAgainst((_request, response) => {
      asked += 1;
      response.end(body(asked % 2 === 0 ? 'even' : 'odd'));
    });
    expect(report).toMatchObject({ answered: asked, failed: 0 });
    expect((report.versions.even ?? 0) + (report.versions.odd ?? 0)).toBe(asked);
  });
});

describe('load counts a failure', () => {
  const cases: readonly [string, RequestListener, RegExp, number?][] = [
    ['another status than 2xx', (_request, response) => response.writeHead(503).end(body('1')), /status 503/],
    ['a body that is not what it should be', (_request, response) => response.end('{"pid":1}'), /unexpected body/],
    ['a body that is not JSON', (_request, response) => response.end('oops'), /JSON/],
    ['a connection that is reset', (request) => request.socket.resetAndDestroy(), /ECONNRESET/],
    ['no answer in time', () => undefined, /no answer for 100 ms/, 100],
    [
      'a body that ends early',
      (request, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write(body('1'), () => request.socket.destroy());
      },
      /ECONNRESET|ended early/,
    ],
  ];
  test.each(cases)('for %s', async (_name, answer, cause, timeout) => {
    const report = await loadAgainst(answer, timeout);
    expect(report.answered).toBe(0);
    expect(report.failed).toBeGreaterThanOrEqual(6);
    for (const error of Object.keys(report.errors)) expect(error).toMatch(cause);
  });

  test('for a chunked body that ends early', async () => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"pid'));
      }),
    );
    const load = startLoad({ port, clients: 1 });
    await load.more(2);
    expect((await load.stop()).answered).toBe(0);
  });

  test('for a port that refuses', async () => {
    const load = startLoad({ port: await freePort(), clients: 2 });
    await load.more(4);
    expect(Object.keys((await load.stop()).errors)).toEqual(['ECONNREFUSED']);
  });
});

describe('load is a well-behaved client', () => {
  test('keep-alive: one connection per client', async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end(body('1')));
    server.on('connection', () => {
      connections += 1;
    });
    const load = startLoad({ port: await listen(server), clients: 3 });
    await load.more(60);
    await load.stop();
    expect(connections).toBe(3);
  });

  test('keep-alive: leaves a connection whose answer says Connection: close', async () => {
    const report = await loadAgainst((_request, response) => {
      response.shouldKeepAlive = false;
      response.end(body('1'));
    });
    expect(report).toMatchObject({ failed: 0, reused: 0 });
  });

  test('close: a new connection for each request', async () => {
    const server = createServer((_request, response) => response.end(body('1')));
    const load = startLoad({ port: await listen(server), clients: 2, mode: 'close' });
    await load.more(20);
    expect(await load.stop()).toMatchObject({ failed: 0, reused: 0 });
  });

  test('a lap covers what came since the last one', async () => {
    let version = '1';
    const load = startLoad({
      port: await listen(createServer((_request, response) => response.end(body(version)))),
      clients: 1,
    });
    await load.sees('1');
    version = '2';
    await load.sees('2');
    load.lap();
    await load.more(5);
    const lap = load.lap();
    const total = await load.stop();
    expect(Object.keys(lap.versions)).toEqual(['2']);
    expect(Object.keys(total.versions)).toEqual(['1', '2']);
  });
});
