// Passes declared sockets between processes that are not parent and child, by way of two couriers (couriers.ts). Nobody
// listens or accepts on the way. Whoever dies meanwhile, nothing is harmed: the couriers end, and so do their copies.

import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { Socket } from 'node:net';
import { encodeFrame } from '../protocol/ndjson.ts';
import { isSocketMessage, isSocketRequest, isSocketsSent, type SocketOffer } from '../protocol/socket-passing.ts';
import { RECEIVER, SENDER, WITH_CHANNEL_3 } from './couriers.ts';
import { frames, sendFrame } from './ndjson-stream.ts';
import { isNodeHandle, type NodeHandle } from './node-handles.ts';
import { connectUnix } from './unix-client.ts';

/** A socket of ours, to be passed on. It stays ours. */
export interface PassableSocket {
  /** formatAddress of the declared address. */
  readonly address: string;
  readonly fd: number;
}

/** A socket that was passed to us, which is ours to close. It must stay referenced: collecting it would close it. */
export interface ReceivedSocket {
  readonly address: string;
  readonly handle: NodeHandle;
}

/** Milliseconds for one passing. It takes some 100. */
export const PASSING_TIMEOUT = 10_000;

/**
 * Asks over a connection to a holder for sockets. Takes the connection over. Resolves with those that the holder has, when
 * nobody else has a copy of them any more that was made for this.
 */
export async function receiveSockets(
  connection: Socket,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<readonly ReceivedSocket[]> {
  const request = encodeFrame({ type: 'give-sockets', addresses });
  const args = [...WITH_CHANNEL_3, process.execPath, '--eval', RECEIVER, `${PASSING_TIMEOUT}`, request, SENDER];
  const received: ReceivedSocket[] = [];
  let announced = -1;
  const courier = handOver(connection, (stdio) =>
    startCourier('/bin/sh', args, { stdio: [...stdio, 'ipc'], env: {}, detached: true }),
  );
  courier.on('message', (message: unknown, handle: unknown) => {
    if (isSocketMessage(message) && isNodeHandle(handle)) received.push({ address: message.address, handle });
    if (isSocketsSent(message)) announced = message.count;
  });
  // Its successor in the same group is no child of ours, but holds the channel: 'close' waits for both.
  await whenClosed(courier, signal, () => killGroup(courier));
  if (announced === received.length) return received;
  for (const { handle } of received) handle.close();
  throw new Error('the sockets were not passed on');
}

/** Answers `give-sockets`. Takes the connection over. */
export async function giveSockets(
  connection: Socket,
  sockets: readonly PassableSocket[],
  signal: AbortSignal,
): Promise<void> {
  const courier = handOver(connection, (stdio) => startSender(sockets, { stdio, env: { NODE_CHANNEL_FD: '3' } }));
  const code = await whenClosed(courier, signal, () => courier.kill('SIGKILL'));
  if (code !== 0) throw new Error('the sockets were not taken');
}

/**
 * Connects to a process that is to have sockets of ours, and gives it those that it asks for. `find` is called at that
 * moment. Resolves when they are on their way.
 */
export async function offerSockets(
  path: string,
  addresses: readonly string[],
  find: (addresses: readonly string[]) => readonly PassableSocket[],
  signal: AbortSignal,
): Promise<void> {
  const connection = await connectUnix(path, PASSING_TIMEOUT);
  sendFrame(connection, { type: 'offer-sockets', addresses, pid: process.pid } satisfies SocketOffer);
  await new Promise<void>((resolve, reject) => {
    const drop = (): void => void connection.destroy();
    const unlimit = limit(signal, drop);
    const onClose = (): void => {
      unlimit();
      reject(new Error('the sockets were not asked for'));
    };
    connection.once('close', onClose);
    const stopReading = frames(
      connection,
      (value) => {
        if (!isSocketRequest(value)) return drop();
        stopReading();
        unlimit();
        connection.off('close', onClose);
        giveSockets(connection, find(value.addresses), signal).then(resolve, reject);
      },
      drop,
    );
  });
}

type Stdio = Exclude<SpawnOptions['stdio'], string | undefined>;

/** A sender that has a plain IPC channel or, in `stdio`, some other one as descriptor 3. */
export function startSender(
  sockets: readonly PassableSocket[],
  options: SpawnOptions & { stdio: Stdio },
): ChildProcess {
  const args = ['--eval', SENDER, `${PASSING_TIMEOUT}`, ...sockets.map(({ address }) => address)];
  return startCourier(process.execPath, args, {
    ...options,
    stdio: [...options.stdio, ...sockets.map(({ fd }) => fd)],
  });
}

/** Nothing reads from the connection between the start of the courier and the end of ours: both are in one turn. */
function handOver(connection: Socket, start: (stdio: Stdio) => ChildProcess): ChildProcess {
  try {
    return start(['ignore', 'ignore', 'ignore', connection]);
  } finally {
    connection.destroy();
  }
}

/** A worker whose app starts no processes does not pay for the module. */
function startCourier(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const courier = spawn(file, args, { cwd: '/', ...options });
  courier.on('error', () => {});
  courier.unref();
  return courier;
}

/** Its exit code. `end` is called when it has taken too long, or `signal` says so. */
async function whenClosed(courier: ChildProcess, signal: AbortSignal, end: () => void): Promise<number | null> {
  const unlimit = limit(signal, end);
  try {
    return await new Promise((resolve) => {
      courier.once('close', (code) => resolve(code));
      if (courier.pid === undefined) resolve(null);
    });
  } finally {
    unlimit();
  }
}

/** Calls `end` after the time for one passing, or when `signal` is aborted, unless what it returns is called before. */
function limit(signal: AbortSignal, end: () => void): () => void {
  const timer = setTimeout(end, PASSING_TIMEOUT).unref();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
