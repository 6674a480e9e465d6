// The declared sockets of the app: inherited from the manager at the start, passed on by a manager or by an orphan later
// (platform/pass-sockets.ts). They are never accepted from here. (cluster process)

import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { EvenkeelError } from '../core/errors.ts';
import { type NodeHandle, openInherited } from '../platform/node-handles.ts';
import type { PassableSocket, ReceivedSocket } from '../platform/pass-sockets.ts';
import type { BootSocket } from '../protocol/cluster-boot.ts';

const BACKLOG = 511;

interface HeldSocket {
  readonly fd: number;
  close(): void;
}

export class InheritedSockets {
  readonly #held = new Map<string, HeldSocket>();
  readonly #problems: string[] = [];

  constructor(sockets: readonly BootSocket[]) {
    for (const { address, fd, twinFd } of sockets) {
      this.#held.set(address, { fd, close: () => closeSync(fd) });
      const error = listenWithoutAccepting(twinFd);
      if (error !== null) this.#problems.push(`${address}: ${error}`);
    }
  }

  /** One that was passed on to us; it is ours from now on. */
  add({ address, handle }: ReceivedSocket): void {
    if (this.#held.has(address)) return handle.close();
    this.#held.set(address, heldBy(handle));
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
      `workers of a cluster process that was killed have ${address} and cannot pass it on; restart the app`,
    );
  }
}

/** The handle must stay referenced: collecting it would close the descriptor. */
function heldBy(handle: NodeHandle): HeldSocket {
  return { fd: handle.fd, close: () => handle.close() };
}

/**
 * listen(2) on the twin, so that the kernel queues connections before the first worker listens and while none is alive.
 * The twin is closed in the same turn of the event loop, before a connection could be accepted; the socket goes on
 * listening through its other descriptors.
 */
function listenWithoutAccepting(twinFd: number): string | null {
  const handle = openInherited(twinFd);
  const result = handle.listen(BACKLOG);
  handle.close();
  return result < 0 ? getSystemErrorName(result) : null;
}
