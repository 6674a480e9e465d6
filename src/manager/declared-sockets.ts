// Manager: holds the sockets declared under `listen`, bound and never accepted on, for as long as their app is meant to
// run: no death of a cluster process or worker closes them.

import { EvenkeelError } from '../core/errors.ts';
import { type AppSpec, formatAddress, type ListenAddress } from '../core/spec.ts';
import type { NodeHandle } from '../platform/node-handles.ts';
import { type BoundSocket, takeListenSocket } from '../platform/sockets.ts';

type Declaration = Pick<AppSpec, 'listen' | 'user'>;

export class DeclaredSockets {
  readonly #bind: (address: ListenAddress) => BoundSocket;
  readonly #held = new Map<string, Map<string, BoundSocket>>();
  /** Per app, what could not be bound when that was last tried. */
  readonly #refused = new Map<string, ReadonlySet<string>>();

  constructor(bind: (address: ListenAddress) => BoundSocket) {
    this.#bind = bind;
  }

  /** What is held for an app; of these addresses, if any are named. */
  of(app: string, addresses: readonly ListenAddress[] | null = null): readonly BoundSocket[] {
    const all = [...(this.#held.get(app)?.values() ?? [])];
    const texts = addresses?.map(formatAddress);
    return all.filter(({ address }) => texts?.includes(address) ?? true);
  }

  /** One that another process has passed on; it is ours from now on. False: it was held already. */
  take(app: string, address: ListenAddress, handle: NodeHandle): boolean {
    const held = this.#held.get(app) ?? new Map<string, BoundSocket>();
    if (this.isHeld(address)) {
      handle.close();
      return false;
    }
    held.set(formatAddress(address), takeListenSocket(address, handle));
    this.#held.set(app, held);
    return true;
  }

  /** Whether any app has it. */
  isHeld(address: ListenAddress): boolean {
    return this.#holderOf(formatAddress(address)) !== null;
  }

  /** Hands one over, open as it is; nothing where `from` does not have it. `user`: whom unix sockets of `to` belong to. */
  move(address: string, from: string, to: string, user: string | null): void {
    const socket = this.#held.get(from)?.get(address);
    const held = this.#held.get(to) ?? new Map<string, BoundSocket>();
    if (socket === undefined || held.has(address)) return;
    this.#held.get(from)?.delete(address);
    this.#held.set(to, held.set(address, socket));
    socket.giveTo(user);
  }

  /** Binds those that are not held yet: all of them, or none and LISTEN_FAILED. */
  hold(app: string, { listen, user }: Declaration): readonly BoundSocket[] {
    const held = this.#held.get(app) ?? new Map<string, BoundSocket>();
    const added: BoundSocket[] = [];
    try {
      for (const address of listen) {
        if (!held.has(formatAddress(address))) added.push(this.#tryToBind(app, address));
      }
      if (user !== null) for (const socket of added) socket.giveTo(user);
    } catch (error) {
      for (const socket of added) socket.close();
      throw error;
    }
    for (const socket of added) held.set(socket.address, socket);
    if (held.size > 0) this.#held.set(app, held);
    return added;
  }

  /** Binds those that can be bound, and returns those that cannot. */
  holdPossible(app: string, { listen, user }: Declaration): readonly string[] {
    return listen.flatMap((address) => {
      try {
        this.hold(app, { listen: [address], user });
        return [];
      } catch {
        return [formatAddress(address)];
      }
    });
  }

  /** Those of the addresses that could not be bound before, and cannot be now: a process that is not ours has them. */
  stillRefused(app: string, addresses: readonly ListenAddress[]): readonly string[] {
    const refused = addresses.filter((address) => this.#refused.get(app)?.has(formatAddress(address)));
    return refused.filter((address) => !this.isHeld(address) && !this.#canBind(app, address)).map(formatAddress);
  }

  /** Whom unix sockets belong to, after a deploy with another user. */
  giveTo(app: string, user: string | null): void {
    for (const socket of this.of(app)) socket.giveTo(user);
  }

  /** Closes what is held for an app and not among `keep`. */
  release(app: string, keep: readonly ListenAddress[] = []): void {
    const kept = new Set(keep.map(formatAddress));
    const held = this.#held.get(app);
    for (const socket of held?.values() ?? []) {
      if (kept.has(socket.address)) continue;
      socket.close();
      held?.delete(socket.address);
    }
    if (held?.size === 0) this.#held.delete(app);
  }

  #holderOf(address: string): string | null {
    return [...this.#held.keys()].find((app) => this.#held.get(app)?.has(address)) ?? null;
  }

  #tryToBind(app: string, address: ListenAddress): BoundSocket {
    const holder = this.#holderOf(formatAddress(address));
    if (holder !== null) throw heldByApp(formatAddress(address), holder);
    const refused = new Set(this.#refused.get(app));
    try {
      refused.delete(formatAddress(address));
      return this.#bind(address);
    } catch (error) {
      refused.add(formatAddress(address));
      throw error;
    } finally {
      this.#refused.set(app, refused);
    }
  }

  #canBind(app: string, address: ListenAddress): boolean {
    try {
      this.#tryToBind(app, address).close();
      return true;
    } catch {
      return false;
    }
  }
}

/** The system would name the manager, or a worker. */
function heldByApp(address: string, holder: string): EvenkeelError {
  return new EvenkeelError('LISTEN_FAILED', `cannot listen on ${address}: the app ${holder} has it`, {
    hint: `\`evenkeel plan\` shows whether the config gives it to another app, which \`evenkeel reload\` then does; otherwise stop ${holder}.`,
  });
}
