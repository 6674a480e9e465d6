import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  hexEnds,
  isListening,
  isListeningIn,
  polledInodes,
  serverInodeIn,
  serverInodes,
  sessionPolls,
  socketsOfSession,
} from '../../src/platform/proc-net.ts';
import { HAS_PROC, readProcStat } from '../../src/platform/proc-stat.ts';
import { tempDir } from '../support/temp-dir.ts';

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000001 00:00000000 00000000  1000        0 111 1 00 100 0 0 10 0
   1: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 00 20 4 30 10 -1
   2: 0100007F:0BB8 0100007F:D432 01 00000000:00000000 00:00000000 00000000     0        0 0 1 00 20 4 30 10 -1
   3: 0100007F:D431 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 00 20 4 30 10 -1
`;
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 444 /run/a.sock
0000000000000000: 00000003 00000000 00000000 0001 03 555 /run/a.sock
`;

describe('what the kernel prints', () => {
  it.each([
    ['127.0.0.1', 54_321, 3000, 'tcp', ':0BB8 0100007F:D431 01'],
    ['10.1.2.3', 80, 65_535, 'tcp', ':FFFF 0302010A:0050 01'],
    ['127.0.0.1', 1, 2, 'tcp6', ':0002 0000000000000000FFFF00000100007F:0001 01'],
    ['::ffff:127.0.0.1', 1, 2, 'tcp6', ':0002 0000000000000000FFFF00000100007F:0001 01'],
    ['::1', 1, 2, 'tcp6', ':0002 00000000000000000000000001000000:0001 01'],
    ['fe80::1:2%eth0', 1, 2, 'tcp6', ':0002 000080FE000000000000000002000100:0001 01'],
    ['1:2:3:4:5:6:7:8', 1, 2, 'tcp6', ':0002 02000100040003000600050008000700:0001 01'],
  ] as const)('%s:%i to port %i in %s', (localAddress, localPort, remotePort, table, expected) => {
    expect(hexEnds({ localAddress, localPort, remotePort }, table)).toBe(expected);
  });

  it('the server end of a connection: accepted, waiting, or none', () => {
    expect(serverInodeIn(TCP, ':0BB8 0100007F:D431 01')).toBe('222');
    expect(serverInodeIn(TCP, ':0BB8 0100007F:D432 01')).toBe('0');
    expect(serverInodeIn(TCP, ':0BB8 0100007F:D433 01')).toBeNull();
  });

  it.each([
    ['111', true],
    ['222', false],
    ['444', true],
    ['555', false],
    ['1', false],
  ])('whether socket %s is listened on: %s', (inode, expected) => {
    expect(isListeningIn({ tcp: TCP, unix: UNIX }, inode)).toBe(expected);
  });

  it('what an epoll watches', () => {
    const fdinfo = 'pos:\t0\nflags:\t02000002\ntfd:        3 events:       19 data:  3  pos:0 ino:5c4ca4 sdev:9\n';
    expect(polledInodes(`${fdinfo}tfd: 4 events: 1 data: 4 pos:0 ino:1f sdev:9\n`)).toEqual(['6048932', '31']);
    expect(polledInodes('pos:\t0\nflags:\t02\n')).toEqual([]);
  });
});

describe.skipIf(!HAS_PROC)('on this machine', () => {
  async function listening(
    host: string,
  ): Promise<{ readonly server: Server; readonly port: number; readonly fd: number }> {
    const server = createServer();
    server.listen(0, host);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    // What Node calls it by is of no interest to its users.
    const { _handle } = server as unknown as { _handle: { fd: number } };
    return { server, port: (server.address() as AddressInfo).port, fd: _handle.fd };
  }

  it.each(['127.0.0.1', '::'])('finds who has accepted a connection to %s', async (host) => {
    const { server, port } = await listening(host);
    const client = connect(port, '127.0.0.1');
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
    const { localAddress = '', localPort = 0, remotePort = 0 } = client;
    const [inode = null] = await serverInodes([{ localAddress, localPort, remotePort }]);
    const session = readProcStat(process.pid)?.session ?? 0;
    expect((await socketsOfSession(session)).inodes.has(inode ?? '')).toBe(true);
    // Nobody has a session by that number.
    expect(await socketsOfSession(2 ** 31)).toEqual({ inodes: new Set(), hidden: false });
    client.destroy();
    accepted.destroy();
  });

  it('knows a socket that is listened on, and that this very process waits on it', async () => {
    const { fd } = await listening('127.0.0.1');
    expect(isListening(fd)).toBe(true);
    const unix = createServer().listen(join(tempDir(), 'a.sock'));
    await once(unix, 'listening');
    onTestFinished(() => void unix.close());
    const { _handle } = unix as unknown as { _handle: { fd: number } };
    expect(isListening(_handle.fd)).toBe(true);
    const session = readProcStat(process.pid)?.session ?? 0;
    const inode = `${fstatSync(_handle.fd).ino}`;
    expect((await socketsOfSession(session)).inodes).toContain(inode);
    expect(await sessionPolls(session, inode)).toBe(true);
  });
});
