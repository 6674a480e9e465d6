// Manager: sees to it, in the background, that it holds the declared sockets of every app whose cluster process it did not
// start with them: only then can the death of that process cost nothing. It gets them from the process itself. Where not
// even that has them (workers that cannot pass them on do), it binds them anew once nobody serves there any more.

import { formatAddress, type ListenAddress, type Milliseconds } from '../core/spec.ts';
import { takeListenSocket } from '../platform/sockets.ts';
import type { ClusterContact } from './cluster-owner.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { deployDeadline } from './deadlines.ts';
import type { DeclaredSockets } from './declared-sockets.ts';
import { pauseUnless } from './pause.ts';
import { planSockets, type SocketPlan } from './plan-sockets.ts';
import { Turns } from './turns.ts';

export interface SocketKeeperPorts {
  readonly ports: ClusterPorts;
  readonly sockets: DeclaredSockets;
  /** False: the app was stopped. */
  isWanted(app: string): boolean;
  /** Runs something that changes an app when nothing else does. */
  inLane(app: string, work: () => Promise<void>): Promise<void>;
  /** Sockets were fetched. */
  onTaken(app: string, addresses: readonly string[]): void;
  complain(problem: unknown): void;
}

interface Watch {
  readonly ending: AbortController;
  /** A fetch under way: there are copies of the sockets as long as it lasts. */
  fetching: Promise<void>;
}

/** Each takes three processes, for a moment. */
const FETCHES_AT_ONCE = 2;
/** Between two looks at whether anybody serves still. */
const LOOK_PAUSE: Milliseconds = 500;
const FIRST_PAUSE: Milliseconds = 1_000;
const LONGEST_PAUSE: Milliseconds = 30_000;

export class SocketKeeper {
  readonly #ports: SocketKeeperPorts;
  readonly #watches = new Map<string, Watch>();
  readonly #turns = new Turns(FETCHES_AT_ONCE);

  constructor(ports: SocketKeeperPorts) {
    this.#ports = ports;
  }

  /** From now until both have all sockets, the app is stopped, or its cluster process is gone. */
  watch(handle: ClusterContact): void {
    const before = this.#watches.get(handle.app);
    before?.ending.abort();
    // One that ends has copies of sockets until it has ended.
    const watch: Watch = { ending: new AbortController(), fetching: before?.fetching ?? Promise.resolve() };
    this.#watches.set(handle.app, watch);
    this.#keep(handle, watch).catch((error) => this.#ports.complain(error));
  }

  /** Resolves when nothing of it goes on that has a copy of a socket. */
  async release(app: string): Promise<void> {
    const watch = this.#watches.get(app);
    this.#watches.delete(app);
    watch?.ending.abort();
    await watch?.fetching;
  }

  /** Resolves when a fetch that is under way, or waits for its turn, has ended, however. */
  async fetched(app: string): Promise<void> {
    await this.#watches.get(app)?.fetching;
  }

  close(): void {
    for (const { ending } of this.#watches.values()) ending.abort();
  }

  async #keep(handle: ClusterContact, watch: Watch): Promise<void> {
    const { signal } = watch.ending;
    for (let [failures, told] = [0, false]; !signal.aborted; ) {
      const plan = this.#plan(handle);
      if (plan === null || (plan.fetch.length === 0 && plan.pass.length === 0)) return;
      if (plan.bind.length > 0 && !told) this.#ports.complain(describeLack(handle.app, plan.bind));
      told ||= plan.bind.length > 0;
      try {
        if (plan.fetch.length > 0) {
          await this.#track(watch, () => this.#turns.run(() => this.#fetch(handle, plan.fetch, signal)));
          failures = 0;
          continue;
        }
        // While one worker serves there is a port to lose.
        const serves = handle.state === 'online' || handle.state === 'degraded';
        if (!serves) await this.#ports.inLane(handle.app, () => this.#replace(handle, signal));
      } catch (error) {
        failures += 1;
        if (failures === 1 && !signal.aborted) this.#ports.complain(`${handle.app}: ${String(error)}`);
      }
      const { clock } = this.#ports.ports;
      await pauseUnless(signal, clock, plan.fetch.length > 0 ? fetchPause(failures) : LOOK_PAUSE);
    }
  }

  /** null: there is nothing to keep. */
  #plan(handle: ClusterContact): SocketPlan | null {
    const { app, isUp, snapshot } = handle;
    const spec = snapshot?.current?.spec;
    if (!isUp || spec === undefined || !this.#ports.isWanted(app)) return null;
    const { sockets } = this.#ports;
    const here = sockets.of(app).map(({ address }) => address);
    // What another app has been given is not to be had twice: who lets go of the last one removes a unix socket's file.
    const own = spec.listen.filter((address) => here.includes(formatAddress(address)) || !sockets.isHeld(address));
    return planSockets(own, here, snapshot?.held ?? []);
  }

  async #track(watch: Watch, task: () => Promise<void>): Promise<void> {
    const before = watch.fetching;
    const fetching = task();
    watch.fetching = Promise.allSettled([before, fetching]).then(() => {});
    await fetching;
  }

  async #fetch(handle: ClusterContact, wanted: readonly ListenAddress[], signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { ports, sockets } = this.#ports;
    const received = await ports.fetchSockets(handle.layout.socket, wanted.map(formatAddress), signal);
    // A deploy may have dropped one meanwhile.
    const declared = handle.snapshot?.current?.spec.listen ?? [];
    const taken: string[] = [];
    for (const { address: text, handle: socket } of received) {
      const address = wanted.find((one) => formatAddress(one) === text);
      const isDropped = !declared.some((one) => formatAddress(one) === text);
      if (address === undefined || signal.aborted) socket.close();
      else if (isDropped) takeListenSocket(address, socket).close();
      else if (sockets.take(handle.app, address, socket)) taken.push(text);
    }
    if (taken.length > 0) this.#ports.onTaken(handle.app, taken);
    if (received.length < wanted.length) throw new Error('its cluster process does not have all sockets any more');
  }

  /** Nobody has them, or they cannot be bound yet. */
  async #replace(handle: ClusterContact, signal: AbortSignal): Promise<void> {
    const { sockets } = this.#ports;
    const spec = handle.snapshot?.current?.spec;
    const plan = signal.aborted ? null : this.#plan(handle);
    if (plan === null || spec === undefined || plan.pass.length === 0) return;
    sockets.hold(handle.app, { listen: plan.bind, user: spec.user });
    await handle.passSockets(sockets.of(handle.app, plan.pass));
    // Its workers are in their restart delays, or given up, for the want of these sockets.
    const { outcome, cause } = await handle.ask('restart', {}, deployDeadline(spec, spec, null));
    await handle.refresh();
    if (outcome !== 'done') throw new Error(`its workers do not have their sockets back: ${outcome}: ${cause}`);
  }
}

function describeLack(app: string, addresses: readonly ListenAddress[]): string {
  const which = addresses.map(formatAddress).join(', ');
  return `${app}: workers that were left have ${which} and cannot pass it on; \`evenkeel restart ${app}\` ends them`;
}

/** 1, 2, 4 ... 30 s. */
export function fetchPause(failures: number): Milliseconds {
  return Math.min(FIRST_PAUSE * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE);
}
