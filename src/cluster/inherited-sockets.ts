// The declared sockets of the app: inherited from the manager at the start, passed on by a manager or by an orphan later
// (platform/pass-sockets.ts). They are never accepted from here. (cluster process)

import { spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { EvenkeelError } from '../core/errors.ts';
import { type NodeHandle, openInherited } from '../platform/node-handles.ts';
import type { PassableSocket, ReceivedSocket } from '../platform/pass-sockets.ts';
import { isListening } from '../platform/proc-net.ts';
import type { BootSocket } from '../protocol/cluster-boot.ts';

const BACKLOG = 511;

interface HeldSocket {
  readonly fd: number;
  close(): void;
}

export class InheritedSockets {
  readonly #held = new Map<string, HeldSocket>();
  readonly #problems: string[] = [];

  /** `inUse`: workers of a predecessor may accept on them. */
  constructor(sockets: readonly BootSocket[], inUse: boolean) {
    for (const { address, fd, twinFd } of sockets) {
      this.#held.set(address, { fd, close: () => closeSync(fd) });
      const error = listenOnTwin(twinFd, inUse);
      if (error !== null) this.#problems.push(`${address}: ${error}`);
    }
  }

  /** One that was passed on to us; it is ours from now on. */
  add({ address, handle }: ReceivedSocket): void {
    if (this.#held.has(address)) return handle.close();
    this.#held.set(address, heldBy(handle));
    // Without a twin: only another process can listen on it and not accept.
    if (isListening(handle.fd) === false) listenElsewhere(handle);
  }

  /**
   * Throws LISTEN_FAILED where one of these is not ours to listen on: the manager did not get it, or two processes have
   * bound it, of which Linux tells only when the second one listens.
   */
  check(addresses: readonly string[]): void {
    const missing = addresses.filter((address) => !this.#held.has(address));
    const problems = [...missing.map((address) => `${address}: another process has it`), ...this.#problems];
    if (problems.length === 0) return;
    throw new EvenkeelError('LISTEN_FAILED', `cannot listen on ${problems.join(', ')}`, {
      hint: 'Another process listens there. Stop it, or change `listen`.',
    });
  }

  get addresses(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** Those of these addresses that are held, to be passed on. */
  passable(addresses: readonly string[]): readonly PassableSocket[] {
    return addresses.flatMap((address) => {
      const held = this.#held.get(address);
      return held === undefined ? [] : [{ address, fd: held.fd }];
    });
  }

  /** Lets go of all others: a socket that no worker will accept from must refuse connections, not queue them. */
  keep(addresses: readonly string[]): void {
    for (const [address, held] of this.#held) {
      if (addresses.includes(address)) continue;
      held.close();
      this.#held.delete(address);
    }
  }

  /** Throws where it is not held: other processes have it that cannot pass it on. */
  fd(address: string): number {
    const held = this.#held.get(address);
    if (held !== undefined) return held.fd;
    throw new Error(
      `is not started: workers of a cluster process that was killed have ${address} and cannot pass it on; restart the app`,
    );
  }
}

/** The handle must stay referenced: collecting it would close the descriptor. */
function heldBy(handle: NodeHandle): HeldSocket {
  return { fd: handle.fd, close: () => handle.close() };
}

function listenOnTwin(twinFd: number, inUse: boolean): string | null {
  // A predecessor did it: opening it here would change whether it blocks, under the hands of the workers that serve.
  if (isListening(twinFd)) {
    closeSync(twinFd);
    return null;
  }
  return listenWithoutAccepting(openInherited(twinFd), inUse);
}

/**
 * listen(2) on the twin, so that the kernel queues connections before the first worker listens and while none is alive.
 * The twin is closed in the same turn of the event loop, before a connection could be accepted; the socket goes on
 * listening through its other descriptors. It is left as systemd leaves it, blocking: a program that wants it otherwise
 * sets that itself, and from then on it stays.
 */
function listenWithoutAccepting(twin: NodeHandle, inUse: boolean): string | null {
  const result = twin.listen(BACKLOG);
  if (!inUse) twin.setBlocking(true);
  twin.close();
  return result < 0 ? getSystemErrorName(result) : null;
}

const LISTEN = `require('node:net')._createServerHandle(null, null, null, 3).listen(${BACKLOG}); process.exit(0)`;
const LISTEN_TIMEOUT = 5_000;

/** A failure is the worker's to find: it listens there too, and tells. */
function listenElsewhere(handle: NodeHandle): void {
  const stdio = ['ignore', 'ignore', 'ignore', handle.fd] as const;
  spawnSync(process.execPath, ['--eval', LISTEN], { stdio: [...stdio], env: {}, cwd: '/', timeout: LISTEN_TIMEOUT });
  handle.setBlocking(true);
}
