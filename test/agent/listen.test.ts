// What becomes of server.listen.
//
// @module-tag more

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { RawClient } from './raw-client.ts';
import { WorkerRig } from './worker-rig.ts';

test('a server may close and listen again on a declared port, after a check whether the port is free', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('again.cjs', { env: { PORT: `${port}` } });
  for (const round of [0, 1, 2]) {
    await primary.when(`round ${round}`, (news) => (news.type === 'app' && isRound(news.message, round) ? true : null));
    const client = await RawClient.to(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await client.gets(`"pid":${worker.pid}`);
    client.close();
    if (round < 2) primary.message(worker.key, 'again');
  }
  await primary.when('the second server', (news) =>
    news.type === 'app' && JSON.stringify(news.message) === '{"second":"EADDRINUSE"}' ? true : null,
  );
});

function isRound(message: unknown, round: number): boolean {
  return JSON.stringify(message) === JSON.stringify({ round });
}

test('a declared unix socket is used and stays', async () => {
  await using rig = new WorkerRig();
  const path = rig.declareUnix();
  const primary = await rig.primary();
  for (const text of ['first', 'second']) {
    const worker = await primary.fork('tcp.cjs', { env: { SOCKET: path } });
    expect(await worker.says('listening')).toMatchObject({ address: path, declared: path });
    const echo = await new Promise((resolve, reject) => {
      const socket = connect(path, () => socket.write(text));
      socket.on('data', (data) => {
        resolve(String(data));
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(echo).toBe(text);
    worker.drain();
    expect(await worker.exit()).toBe('0');
  }
});

describe('a declared unix socket in a folder to which a link leads', () => {
  const switchTo = (rig: WorkerRig, release: string): void => {
    symlinkSync(release, join(rig.folder, 'next'));
    renameSync(join(rig.folder, 'next'), join(rig.folder, 'current'));
  };

  function declareBehindLink(rig: WorkerRig, name: string): string {
    for (const release of ['1', '2']) mkdirSync(join(rig.folder, release));
    switchTo(rig, '1');
    return rig.declareUnix(join(rig.folder, name));
  }

  const folderOf = (rig: WorkerRig, release: string) => {
    return { declared: join(rig.folder, 'current'), real: join(rig.folder, release) };
  };

  test.each(['app.sock', './app.sock', 'LINK/app.sock', 'REAL/app.sock', '../1/app.sock'])(
    'is meant by %s',
    async (name) => {
      await using rig = new WorkerRig();
      const declared = declareBehindLink(rig, 'current/app.sock');
      const folder = folderOf(rig, '1');
      const SOCKET = name.replace('LINK', folder.declared).replace('REAL', folder.real);
      const worker = await (await rig.primary()).fork('tcp.cjs', { folder, env: { SOCKET } });
      expect(await worker.says('listening')).toMatchObject({ address: SOCKET, declared });
    },
  );

  test.each([
    { runs: '1', leadsTo: '2', asked: './app.sock' },
    { runs: '2', leadsTo: '2', asked: './app.sock' },
    { runs: '2', leadsTo: '2', asked: 'LINK/app.sock' },
    { runs: '2', leadsTo: '1', asked: './app.sock' },
  ])('is meant by $asked in release $runs while the link leads to $leadsTo', async ({ runs, leadsTo, asked }) => {
    await using rig = new WorkerRig();
    const declared = declareBehindLink(rig, 'current/app.sock');
    switchTo(rig, leadsTo);
    const folder = folderOf(rig, runs);
    const SOCKET = asked.replace('LINK', folder.declared);
    const worker = await (await rig.primary()).fork('tcp.cjs', { folder, env: { SOCKET } });
    expect(await worker.says('listening')).toMatchObject({ declared });
  });

  test.each(['../app.sock', 'REAL/app.sock'])('is meant by %s where it lies beside the folder', async (asked) => {
    await using rig = new WorkerRig();
    mkdirSync(join(rig.folder, 'project/web'), { recursive: true });
    symlinkSync('project', join(rig.folder, 'link'));
    const declared = rig.declareUnix(join(rig.folder, 'link/app.sock'));
    const folder = { declared: join(rig.folder, 'link/web'), real: join(rig.folder, 'project/web') };
    const SOCKET = asked.replace('REAL', join(rig.folder, 'project'));
    const worker = await (await rig.primary()).fork('tcp.cjs', { folder, env: { SOCKET } });
    expect(await worker.says('listening')).toMatchObject({ declared });
  });

  test('is not meant by its name in another folder', async () => {
    await using rig = new WorkerRig();
    declareBehindLink(rig, 'current/app.sock');
    const env = { SOCKET: join(rig.folder, '2/app.sock') };
    const worker = await (await rig.primary()).fork('tcp.cjs', { folder: folderOf(rig, '1'), env });
    expect(await worker.says('listening')).toMatchObject({ declared: null });
  });
});

describe('an address that is taken fails as in plain Node', () => {
  test.each([
    ['shared', {}],
    ['round-robin', {}],
    ['shared', { host: '127.0.0.1' }],
    ['shared', { host: 'localhost' }],
  ] as const)('balance %s, %j', async (policy, options) => {
    const taken = createServer().listen({ port: 0, ...options });
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    await failsAsInNode(policy, { port, ...options });
  });

  test('a unix socket', async () => {
    const path = join(tempDir(), 'a.sock');
    const taken = createServer().listen(path);
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    await failsAsInNode('shared', { path });
  });

  async function failsAsInNode(policy: 'shared' | 'round-robin', options: object): Promise<void> {
    const env = { OPTIONS: JSON.stringify(options) };
    const script = fileURLToPath(new URL('fixtures/listens.cjs', import.meta.url));
    const plain = spawnSync(process.execPath, [script], { env, encoding: 'utf8' });
    await using rig = new WorkerRig(policy);
    const primary = await rig.primary();
    const worker = await primary.fork('listens.cjs', { env });
    expect(await worker.exit()).toBe('1');
    expect(plain.status).toBe(1);
    // Node looks a host up first, and then no longer knows which line of the app called.
    const called = 'host' in options ? ['    at Object.<anonymous> (', script] : [];
    expect(withoutNodesFrames(worker.output(), called)).toBe(withoutNodesFrames(plain.stderr, []));
  }
});

test('a second server on a declared address fails as in plain Node', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('twice.cjs', { env: { PORT: `${port}` } });
  expect(await worker.message()).toEqual({
    ...{ message: `listen EADDRINUSE: address already in use :::${port}`, code: 'EADDRINUSE' },
    ...{ errno: -constants.errno.EADDRINUSE, syscall: 'listen', address: '::', port },
  });
  worker.drain();
  expect(await worker.exit()).toBe('0');
});

/** Where in Node an error was made is not the app's business, and differs by where the socket comes from. */
function withoutNodesFrames(text: string, also: readonly string[]): string {
  const isLeftOut = (line: string): boolean => also.length > 0 && also.every((part) => line.includes(part));
  return text
    .split('\n')
    .filter((line) => !/^ {4}at .*node:/.test(line) && !isLeftOut(line))
    .join('\n');
}

test('an app that asks for a narrower address than the declared one fails at boot, and is told what to do', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare();
  const primary = await rig.primary();
  const worker = await primary.fork('listens.cjs', { env: { OPTIONS: JSON.stringify({ port, host: '127.0.0.1' }) } });
  expect(await worker.exit()).toBe('1');
  expect(worker.output()).toContain(
    `The app listens on 127.0.0.1:${port}, but its config declares "listen: ${port}", which is reachable from more ` +
      `places. Declare "127.0.0.1:${port}" in the config, or let the app listen on port ${port} without a host.`,
  );
  // Where the app called, and nothing of ours.
  expect(worker.output()).toMatch(/^Error: The app listens .*\n {4}at .*listens\.cjs:2/m);
  expect(worker.output()).not.toMatch(/agent\.cjs|EvenkeelError|hint:|problems:/);
});

test('an app that asks for every interface gets the narrower address that is declared', async () => {
  await using rig = new WorkerRig();
  const port = rig.declare('127.0.0.1');
  const primary = await rig.primary();
  const worker = await primary.fork('listens.cjs', { env: { OPTIONS: JSON.stringify({ port }) } });
  expect(await worker.says('listening')).toMatchObject({ declared: `127.0.0.1:${port}`, address: `127.0.0.1:${port}` });
  expect(await worker.message()).toMatchObject({ address: '127.0.0.1', port });
});

test.each(['reusePort', 'exclusive'])('generations share a port that they ask for with %s', async (option) => {
  await using rig = new WorkerRig();
  const port = await freePort();
  const primary = await rig.primary();
  const env = { OPTIONS: JSON.stringify({ port, host: '127.0.0.1', [option]: true }) };
  for (const worker of [await primary.fork('listens.cjs', { env }), await primary.fork('listens.cjs', { env })]) {
    expect(await worker.says('listening')).toMatchObject({ declared: null, address: `127.0.0.1:${port}` });
  }
});

test('generations share a unix socket that they ask for exclusively', async () => {
  await using rig = new WorkerRig();
  const path = join(rig.folder, 'own.sock');
  const primary = await rig.primary();
  const env = { OPTIONS: JSON.stringify({ path, exclusive: true }) };
  for (const worker of [await primary.fork('listens.cjs', { env }), await primary.fork('listens.cjs', { env })]) {
    expect(await worker.says('listening')).toMatchObject({ declared: null, address: path });
  }
});

test.each(['shared', 'round-robin'] as const)(
  'what one worker has exclusively another slot does not get, but the next generation: %s',
  async (policy) => {
    await using rig = new WorkerRig(policy);
    const primary = await rig.primary();
    for (const place of [{ port: await freePort() }, { path: join(rig.folder, 'own.sock') }]) {
      const env = { OPTIONS: JSON.stringify({ ...place, exclusive: true }) };
      const first = await primary.fork('listens.cjs', { env });
      await first.says('listening');
      const sibling = await primary.fork('listens.cjs', { env, slot: 1 });
      expect(await sibling.exit()).toBe('1');
      expect(sibling.output()).toContain('listen EADDRINUSE: address already in use');
      const next = await primary.fork('listens.cjs', { env, generation: 2 });
      await next.says('listening');
      first.drain();
      expect(await first.exit()).toBe('0');
      const third = await primary.fork('listens.cjs', { env, generation: 3 });
      await third.says('listening');
    }
  },
);

test.each(['shared', 'round-robin'] as const)(
  'a server may close and listen again on a port that is its own, and a second one fails: %s',
  async (policy) => {
    await using rig = new WorkerRig(policy);
    const primary = await rig.primary();
    const worker = await primary.fork('again.cjs', { env: { PORT: `${await freePort()}`, EXCLUSIVE: '1' } });
    for (const round of [0, 1]) {
      await primary.when(`round ${round}`, (news) =>
        news.type === 'app' && isRound(news.message, round) ? true : null,
      );
      primary.message(worker.key, 'go on');
    }
    await primary.when('the second server', (news) =>
      news.type === 'app' && JSON.stringify(news.message) === '{"second":"EADDRINUSE"}' ? true : null,
    );
  },
);

test('an undeclared address that the app has closed is told, and none that a drain closes', async () => {
  await using rig = new WorkerRig();
  const port = await freePort();
  const worker = await (await rig.primary()).fork('again.cjs', { env: { PORT: `${port}` } });
  expect(await worker.says('closed')).toEqual({ type: 'closed', address: `${port}` });
  await worker.message();
  worker.drain();
  await worker.exit();
  expect(worker.messages().filter(({ type }) => type === 'closed').length).toBe(1);
});

test('each worker that asks for any port exclusively gets one of its own', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const env = { OPTIONS: JSON.stringify({ port: 0, exclusive: true }) };
  const workers = [await primary.fork('listens.cjs', { env }), await primary.fork('listens.cjs', { env })];
  const [one, other] = await Promise.all(workers.map((worker) => worker.listening()));
  expect(one).not.toBe(other);
});

test('an invalid call fails as it does in plain Node', async () => {
  await using rig = new WorkerRig();
  const primary = await rig.primary();
  const worker = await primary.fork('listens.cjs', { gate: true, env: { OPTIONS: JSON.stringify({ port: 70_000 }) } });
  expect(await worker.exit()).toBe('1');
  expect(worker.output()).toContain('ERR_SOCKET_BAD_PORT');
});
