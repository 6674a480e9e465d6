// The declared sockets that the manager bound and passed on: at the start as descriptors, later over the IPC channel.
// They are never accepted from here. (cluster process)

import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { EvenkeelError } from '../core/errors.ts';
import { isNodeHandle, type NodeHandle, openInherited } from '../platform/node-handles.ts';
import type { BootSocket } from '../protocol/cluster-boot.ts';
import type { SocketMessage } from '../protocol/cluster-link.ts';

const BACKLOG = 511;

export class InheritedSockets {
  readonly #fds = new Map<string, number>();
  readonly #problems: string[] = [];
  /** Handles received later must stay referenced: collecting one would close its descriptor. */
  readonly #handles = new Map<string, NodeHandle>();

  constructor(sockets: readonly BootSocket[]) {
    for (const { address, fd, twinFd } of sockets) {
      this.#fds.set(address, fd);
      const error = listenWithoutAccepting(twinFd);
      if (error !== null) this.#problems.push(`${address}: ${error}`);
    }
  }

  /** Takes sockets from the manager that started this process, for as long as it lives. */
  receiveFrom(channel: NodeJS.Process): void {
    channel.on('message', (message: unknown, handle: unknown) => {
      if (!isSocketMessage(message) || !isNodeHandle(handle)) return;
      this.#handles.set(message.address, handle);
      this.#fds.set(message.address, handle.fd);
    });
  }

  /** Throws LISTEN_FAILED: Linux tells of a port that two processes have bound only when the second one listens. */
  check(): void {
    if (this.#problems.length === 0) return;
    throw new EvenkeelError('LISTEN_FAILED', `cannot listen on ${this.#problems.join(', ')}`, {
      hint: 'Another process listens there. Stop it, or change `listen`.',
    });
  }

  get addresses(): readonly string[] {
    return [...this.#fds.keys()];
  }

  /** Lets go of all others: a socket that no worker will accept from must refuse connections, not queue them. */
  keep(addresses: readonly string[]): void {
    for (const [address, fd] of this.#fds) {
      if (addresses.includes(address)) continue;
      const handle = this.#handles.get(address);
      if (handle === undefined) closeSync(fd);
      else handle.close();
      this.#handles.delete(address);
      this.#fds.delete(address);
    }
  }

  fd(address: string): number {
    const fd = this.#fds.get(address);
    if (fd === undefined) throw new Error(`the socket ${address} was not handed over by the manager`);
    return fd;
  }
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

function isSocketMessage(message: unknown): message is SocketMessage {
  return typeof message === 'object' && message !== null && 'evenkeel' in message && message.evenkeel === 'socket';
}
