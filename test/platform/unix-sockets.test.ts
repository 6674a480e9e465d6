import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectUnix, UnixConnectError } from '../../src/platform/unix-client.ts';
import { listenUnix, type UnixListener } from '../../src/platform/unix-server.ts';
import { tempDir } from '../support/temp-dir.ts';

async function listen(path: string, onConnection: (socket: Socket) => void = () => {}): Promise<UnixListener> {
  const listener = await listenUnix(path, onConnection);
  onTestFinished(() => void listener.close());
  return listener;
}

async function connect(path: string): Promise<Socket> {
  const socket = await connectUnix(path, 10_000);
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'exit');
  expect(existsSync(path)).toBe(true);
}

async function reasonOf(path: string): Promise<string> {
  try {
    (await connectUnix(path, 10_000)).destroy();
    return 'connected';
  } catch (error) {
    return error instanceof UnixConnectError ? error.reason : String(error);
  }
}

describe('listenUnix', () => {
  it.each(['000', '022'])('makes a socket that only its owner may use, under umask %s', async (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => {
      process.umask(before);
    });
    const path = join(tempDir(), 'a.sock');
    await listen(path);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  });

  it('gives each connection to its owner, and removes the file when closed', async () => {
    const path = join(tempDir(), 'a.sock');
    const listener = await listen(path, (socket) => socket.end('hello'));
    const [chunk] = await once(await connect(path), 'data');
    expect(String(chunk)).toBe('hello');
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it('knows when its file was removed or replaced, and puts it back; connections stay', async () => {
    const path = join(tempDir(), 'a.sock');
    const sockets: Socket[] = [];
    const listener = await listen(path, (socket) => sockets.push(socket));
    const before = await connect(path);
    expect(listener.isThere).toBe(true);
    rmSync(path);
    expect(listener.isThere).toBe(false);
    await leaveStaleSocket(path);
    expect(listener.isThere).toBe(false);
    await listener.putBack();
    expect(listener.isThere).toBe(true);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    const after = await connect(path);
    for (const [index, client] of [before, after].entries()) {
      const received = once(client, 'data');
      sockets[index]?.write(`to ${index}`);
      expect(String((await received)[0])).toBe(`to ${index}`);
    }
    for (const socket of sockets) socket.destroy();
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it('does not put itself in the place of another listener, and tries again when that is gone', async () => {
    const path = join(tempDir(), 'a.sock');
    const listener = await listen(path);
    rmSync(path);
    const other = await listen(path);
    await expect(listener.putBack()).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    expect(await reasonOf(path)).toBe('connected');
    expect(other.isThere).toBe(true);
    await other.close();
    await listener.putBack();
    expect(listener.isThere).toBe(true);
  });

  it('is not put back once it is closed', async () => {
    const path = join(tempDir(), 'a.sock');
    const listener = await listen(path);
    rmSync(path);
    const missing = listener.putBack();
    await listener.close();
    await missing;
    await listener.putBack();
    expect(existsSync(path)).toBe(false);
  });

  it('takes the place of a socket that a killed process left', async () => {
    const path = join(tempDir(), 'a.sock');
    await leaveStaleSocket(path);
    await listen(path);
    expect(await reasonOf(path)).toBe('connected');
  });

  it('refuses a socket behind which somebody is, and leaves it working', async () => {
    const path = join(tempDir(), 'a.sock');
    await listen(path);
    await expect(listenUnix(path, () => {})).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    expect(await reasonOf(path)).toBe('connected');
  });

  it('refuses to replace a file', async () => {
    const path = join(tempDir(), 'a.sock');
    writeFileSync(path, 'precious');
    await expect(listenUnix(path, () => {})).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('tells of a directory that is not there', async () => {
    await expect(listenUnix(join(tempDir(), 'gone', 'a.sock'), () => {})).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    });
  });

  // Elsewhere the system allows 128.
  it.runIf(process.platform === 'linux')(
    'lets a thousand that come at the same moment wait for their turn',
    async () => {
      const path = join(tempDir(), 'a.sock');
      await listen(path, (socket) => socket.end());
      // All in one turn of the loop: none is accepted before the last has come.
      const sockets = Array.from({ length: 1000 }, () => net.connect(path).resume());
      await Promise.all(sockets.map((socket) => once(socket, 'close')));
    },
  );

  it('outlives a client that resets its connection', async () => {
    const path = join(tempDir(), 'a.sock');
    const closed = new Promise<void>((resolve) => {
      void listen(path, (socket) => {
        socket.on('close', () => resolve());
        socket.write('x'.repeat(1024 * 1024));
      }).then(async () => (await connect(path)).destroy());
    });
    await closed;
    expect(await reasonOf(path)).toBe('connected');
  });
});

describe('connectUnix', () => {
  it('tells a socket that is not there from one that nobody answers', async () => {
    const dir = tempDir();
    await leaveStaleSocket(join(dir, 'stale.sock'));
    expect(await reasonOf(join(dir, 'none.sock'))).toBe('missing');
    expect(await reasonOf(join(dir, 'stale.sock', 'none.sock'))).toBe('missing');
    expect(await reasonOf(join(dir, 'stale.sock'))).toBe('refused');
  });

  it.each([
    ['missing', true],
    ['refused', true],
    ['denied', false],
    ['timeout', false],
    ['other', false],
  ] as const)('%s: nobody is there: %s', (reason, nobodyThere) => {
    expect(new UnixConnectError('/a.sock', reason, null).nobodyThere).toBe(nobodyThere);
  });

  it('gives up at its deadline while the queue of a stopped process is full', async () => {
    const path = join(tempDir(), 'a.sock');
    // Listens with room for one connection and never comes to accept it.
    const script = `require('net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => process.kill(process.pid, 'SIGSTOP'))`;
    const child = spawn(process.execPath, ['-e', `console.log('up'); ${script}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout, 'data');
    let reason = 'missing';
    while (reason === 'missing' || reason === 'connected' || reason === 'refused') {
      try {
        const socket = await connectUnix(path, 50);
        onTestFinished(() => {
          socket.destroy();
        });
        reason = 'connected';
      } catch (error) {
        reason = error instanceof UnixConnectError ? error.reason : String(error);
      }
    }
    expect(reason).toBe('timeout');
  });
});
