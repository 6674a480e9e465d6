// Files of unix sockets that workers share: an app that removes its own takes it from nobody.
//
// @module-tag more

import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HAS_PROC } from '../../src/platform/proc-stat.ts';
import { boundUnixSockets, hasBoundUnix } from '../../src/platform/socket-holder.ts';
import { isAlive } from '../support/process-table.ts';
import { tempDir } from '../support/temp-dir.ts';
import { WorkerRig } from './worker-rig.ts';

const answerOf = async (path: string): Promise<string> => String(await buffer(connect(path)));

describe('an app that removes its socket before it listens and when it ends leaves it to the next generation', () => {
  test.each(['unlinkSync', 'rmLater'])('declared, with %s', async (way) => {
    await using rig = new WorkerRig();
    await replaces(rig, rig.declareUnix(), way);
  });

  test.runIf(HAS_PROC).each(['unlink', 'unlinkSync', 'unlinkLater', 'rm', 'rmSync', 'rmLater'])(
    'not declared, with %s',
    async (way) => {
      await using rig = new WorkerRig();
      await replaces(rig, join(rig.folder, 'own.sock'), way);
    },
  );

  test.runIf(HAS_PROC)('balance: round-robin', async () => {
    await using rig = new WorkerRig('round-robin');
    await replaces(rig, join(rig.folder, 'own.sock'), 'unlinkSync');
  });

  async function replaces(rig: WorkerRig, path: string, way: string): Promise<void> {
    const primary = await rig.primary();
    const env = { SOCKET: path, WAY: way };
    const old = await primary.fork('unlinks.mjs', { env });
    await old.says('listening');
    const next = await primary.fork('unlinks.mjs', { env });
    await next.says('listening');
    old.drain();
    expect(await old.exit()).toBe('0');
    expect(await answerOf(path)).toBe(`${next.pid}`);
  }
});

test('an orphan that ends leaves its socket to whom the successor of its cluster process has given it', async () => {
  await using rig = new WorkerRig();
  const env = { SOCKET: join(rig.folder, 'own.sock'), WAY: 'unlinkSync' };
  const first = await rig.primary();
  const orphan = await first.fork('unlinks.mjs', { env });
  await orphan.says('listening');
  await first.kill();
  const second = await rig.primary();
  const adopted = await second.orphan(orphan.pid);
  adopted.drain();
  await expect.poll(() => isAlive(orphan.pid), { timeout: 20_000 }).toBe(false);
  expect(existsSync(env.SOCKET)).toBe(true);
});

test('declared, behind a link that leads to another release by now, it stays when the app removes it in its own', async () => {
  await using rig = new WorkerRig();
  const declared = join(rig.folder, 'current');
  const real = join(rig.folder, 'release');
  for (const name of ['release', 'next']) mkdirSync(join(rig.folder, name));
  symlinkSync('release', declared);
  rig.declareUnix(join(declared, 'app.sock'));
  rmSync(declared);
  symlinkSync('next', declared);
  const env = { SOCKET: './app.sock', WAY: 'unlinkSync' };
  const worker = await (await rig.primary()).fork('unlinks.mjs', { folder: { declared, real }, env });
  expect(await worker.says('listening')).toMatchObject({ declared: join(declared, 'app.sock') });
  expect(await answerOf(join(real, 'app.sock'))).toBe(`${worker.pid}`);
});

test('what nobody listens on, what others do, and what is no socket is removed', async () => {
  await using rig = new WorkerRig();
  const folder = tempDir();
  const [file, served, stale, missing] = ['file', 'served', 'stale', 'missing'].map((name) => join(folder, name));
  writeFileSync(`${file}`, '');
  const other = createServer().listen(served);
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const dead = createServer().listen(`${stale}.now`);
  await once(dead, 'listening');
  linkSync(`${stale}.now`, `${stale}`);
  dead.close();
  const primary = await rig.primary();
  const worker = await primary.fork('removals.cjs', {
    env: { CASE: 'each of PATHS', FOLDER: rig.folder, PATHS: JSON.stringify([file, served, stale, missing]) },
  });
  const gone = 'nothing thrown';
  expect(await worker.message()).toEqual({ result: [gone, gone, gone, 'ENOENT'] });
  expect([file, served, stale].filter((path) => existsSync(`${path}`))).toEqual([]);
});

describe('a removal is what it is in plain Node', () => {
  async function resultOf(name: string, policy?: 'round-robin'): Promise<unknown> {
    await using rig = new WorkerRig(policy);
    const worker = await (await rig.primary()).fork('removals.cjs', { env: { CASE: name, FOLDER: rig.folder } });
    return await worker.message();
  }

  test.each(['a callback removal', 'a promised removal'])('%s has begun when the app ends at once', async (way) => {
    await using rig = new WorkerRig();
    const env = { CASE: `${way} just before the exit`, FOLDER: rig.folder };
    const worker = await (await rig.primary()).fork('removals.cjs', { env });
    expect(await worker.exit()).toBe('0');
    expect(existsSync(join(rig.folder, 'file'))).toBe(false);
  });

  test('wrong arguments are told by Node, at once', async () => {
    const [type, value] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE'];
    expect(await resultOf('wrong arguments')).toEqual({ result: [type, value, type, type, type] });
  });

  test('a kept one is answered later, and stays', async () => {
    // process.send makes null of undefined.
    expect(await resultOf('a kept one is answered later')).toEqual({ result: ['after', null, null, true] });
  });

  test.each([undefined, 'round-robin'] as const)('the folder of a socket is removed with it: %s', async (policy) => {
    expect(await resultOf('the folder of its socket', policy)).toEqual({ result: [false, false, false, false] });
    expect(await resultOf('a private socket, closed', policy)).toEqual({ result: false });
  });

  test('a stale one where it listened before is removed', async () => {
    expect(await resultOf('a stale one where it listened before')).toEqual({ result: [true, false] });
  });

  test.runIf(HAS_PROC)('what has no file, or leads nowhere, makes no error of ours', async () => {
    const name = 'an abstract socket, and a link that leads to itself';
    expect(await resultOf(name)).toEqual({ result: [false, true] });
  });
});

describe('hasBoundUnix', () => {
  test('reads the table of the kernel', () => {
    const table = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000000000001: 00000002 00000000 00010000 0001 01 111 /tmp/a b.sock',
      '0000000000000002: 00000002 00000000 00010000 0001 01 222 tmp/c.sock',
      '0000000000000003: 00000003 00000000 00000000 0001 03 333 /tmp/a b.sock',
      '0000000000000004: 00000002 00000000 00000000 0001 01 444 /tmp/bound.sock',
      '0000000000000005: 00000002 00000000 00010000 0001 01 555',
    ];
    expect(boundUnixSockets(table.join('\n'))).toEqual([
      { inode: '111', path: '/tmp/a b.sock' },
      { inode: '222', path: 'tmp/c.sock' },
      { inode: '444', path: '/tmp/bound.sock' },
    ]);
  });

  test.runIf(HAS_PROC)('knows a socket by any of its names, and whose it is', async () => {
    const folder = tempDir();
    symlinkSync(folder, join(folder, 'link'));
    const server = createServer().listen(join(folder, 'a.sock'));
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const [path, byLink] = [join(folder, 'a.sock'), join(folder, 'link', 'a.sock')];
    expect([path, byLink].map((name) => hasBoundUnix(process.pid, name))).toEqual([true, true]);
    expect(hasBoundUnix(process.ppid, path)).toBe(false);
    expect(hasBoundUnix(process.pid, join(folder, 'b.sock'))).toBe(false);
  });
});
