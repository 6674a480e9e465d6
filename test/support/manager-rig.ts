// A whole manager in the test's process, with fake cluster processes, fake sockets and a config that the test sets. A
// second manager on the same rig finds what the first has left.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Deferred } from '../../src/core/deferred.ts';
import { EvenkeelError } from '../../src/core/errors.ts';
import type { EvenkeelEvent, EvenkeelEventType } from '../../src/core/events.ts';
import { type AppSpec, type EcosystemSpec, formatAddress, type ListenAddress } from '../../src/core/spec.ts';
import type { ClusterPorts } from '../../src/manager/cluster-ports.ts';
import { type Manager, openManager } from '../../src/manager/open-manager.ts';
import type { SpawnCluster } from '../../src/manager/spawn-cluster.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import type { ReceivedSocket } from '../../src/platform/pass-sockets.ts';
import { stateLayout } from '../../src/platform/paths.ts';
import type { ProcessIdentity } from '../../src/platform/process-identity.ts';
import type { BoundSocket } from '../../src/platform/sockets.ts';
import { connectUnix } from '../../src/platform/unix-client.ts';
import { listenUnix } from '../../src/platform/unix-server.ts';
import { ecosystemSpec } from './app-spec.ts';
import { type ClusterMemory, FakeCluster, freshMemory, type Script } from './fake-cluster.ts';
import { tempDir } from './temp-dir.ts';

export class ManagerRig {
  readonly layout;
  readonly events: EvenkeelEvent[] = [];
  readonly complaints: unknown[] = [];
  readonly clusters: FakeCluster[] = [];
  /** In the order in which they were opened. */
  readonly managers: Manager[] = [];
  /** Apps that the next manager does not bring back. */
  anew: readonly string[] = [];
  /** Texts of the addresses that are bound now. */
  readonly bound = new Set<string>();
  /** What was fetched from cluster processes, one line for each time. */
  readonly fetches: string[] = [];
  /** So many fetches to come fail. */
  failingFetches = 0;
  /** Set to make fetches wait until it is resolved. */
  fetchGate: Deferred<void> | null = null;
  /** Addresses that somebody else has. */
  readonly taken = new Set<string>();
  clock: Clock = systemClock;
  /** With which the config was read, in order. */
  readonly profiles: (string | null)[] = [];
  /** Cluster processes that say elsewhere than in the state directory that they live. */
  readonly present = new Map<string, ProcessIdentity>();
  /** Set to make cluster processes wait before they take connections, until it is resolved. */
  bootGate: Deferred<void> | null = null;
  /** Pids of cluster processes of which the system says that they are stopped. */
  readonly stopped = new Set<number>();
  /** Cluster processes end before they can be asked. */
  spawnFails: boolean = false;
  config: EcosystemSpec | EvenkeelError;
  readonly #memories = new Map<string, ClusterMemory>();
  readonly #scripts = new Map<string, Script>();
  readonly #waiting = new Set<() => void>();

  constructor(apps: readonly AppSpec[]) {
    const stateDir = join(tempDir(), 'state');
    mkdirSync(stateDir, { mode: 0o700 });
    this.layout = stateLayout(stateDir);
    this.config = ecosystemSpec(stateDir, apps);
    onTestFinished(() => {
      for (const cluster of this.clusters) cluster.die();
    });
  }

  set apps(apps: readonly AppSpec[]) {
    this.config = ecosystemSpec(this.layout.dir, apps);
  }

  /** Closed when the test ends, unless it is killed or closed before. */
  async open(): Promise<Manager> {
    const { config } = this;
    const manager = await openManager({
      ...{
        layout: this.layout,
        evenkeel: '0',
        agent: '/agent.cjs',
        anew: this.anew,
        ports: this.#ports(),
        bind: (address) => this.#bind(address),
      },
      config: config instanceof EvenkeelError ? { ok: false, error: config } : { ok: true, ecosystem: config },
      log: {
        append: (event) => this.#note(event),
        last: async (count) => this.events.slice(-count),
        close: async () => {},
      },
      profile: null,
      load: async (profile) => {
        this.profiles.push(profile);
        if (this.config instanceof EvenkeelError) throw this.config;
        return this.config;
      },
      logFiles: [],
      complain: (problem) => this.complaints.push(problem),
    });
    let closed: Promise<void> | null = null;
    const close = (reason: string): Promise<void> => {
      closed ??= manager.close(reason);
      return closed;
    };
    onTestFinished(() => close('test'));
    const opened = { ...manager, close };
    this.managers.push(opened);
    return opened;
  }

  /** The living cluster process of an app. */
  cluster(app: string): FakeCluster {
    const found = this.clusters.findLast((cluster) => cluster.boot.app === app && cluster.alive);
    if (found === undefined) throw new Error(`no cluster process of ${app} is alive`);
    return found;
  }

  /** As a killed cluster process leaves it: one that ends by itself removes it. */
  async leaveAgentsSocket(app: string): Promise<void> {
    const left = await listenUnix(this.layout.app(app).agentsSocket, (socket) => socket.destroy());
    onTestFinished(() => left.close());
  }

  isRunning(app: string): boolean {
    return this.clusters.some((cluster) => cluster.boot.app === app && cluster.alive);
  }

  script(app: string): Script {
    const script = this.#scripts.get(app) ?? { outcome: 'done', reason: '', hold: null, refusal: null, veto: null };
    this.#scripts.set(app, script);
    return script;
  }

  /** Resolves with the event once it has happened, `nth` from 1. */
  async event(type: EvenkeelEventType, app?: string, nth = 1): Promise<EvenkeelEvent> {
    for (;;) {
      const found = this.events.filter(
        (event) => event.type === type && (app === undefined || ('app' in event && event.app === app)),
      );
      const event = found[nth - 1];
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  types(app: string): string[] {
    return this.events.filter((event) => 'app' in event && event.app === app).map((event) => event.type);
  }

  #note(event: EvenkeelEvent): void {
    this.events.push(event);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  #ports(): ClusterPorts {
    const find = ({ pid }: ProcessIdentity) => this.clusters.find((cluster) => cluster.pid === pid);
    return {
      clock: this.clock,
      spawn: this.#spawn,
      connect: connectUnix,
      present: () => this.present,
      fetchSockets: (path, addresses, signal) => this.#fetch(path, addresses, signal),
      offerSockets: async (path, sockets) => {
        for (const { address } of sockets) this.#at(path).received.add(address);
      },
      identify: (pid) => (this.clusters.some((cluster) => cluster.pid === pid && cluster.alive) ? identity(pid) : null),
      isAlive: (id) => find(id)?.alive === true,
      isStopped: ({ pid }) => this.stopped.has(pid),
      kill: (id) => find(id)?.die(),
      waitForExit: async (id, timeout) => {
        const cluster = find(id);
        if (cluster === undefined) return true;
        const late = new Promise<boolean>((resolve) => {
          this.clock.setTimer(this.clock.now() + timeout, () => resolve(false));
        });
        return await Promise.race([cluster.exited.then(() => true), late]);
      },
    };
  }

  readonly #spawn: SpawnCluster = (boot) => {
    const memory = this.#memories.get(boot.app) ?? freshMemory();
    this.#memories.set(boot.app, memory);
    const cluster = new FakeCluster(1_000_000 + this.clusters.length, boot, memory, this.script(boot.app));
    this.clusters.push(cluster);
    if (this.spawnFails) cluster.die();
    else void Promise.resolve(this.bootGate?.promise).then(() => cluster.listen());
    return identity(cluster.pid);
  };

  async #fetch(path: string, addresses: readonly string[], signal: AbortSignal): Promise<readonly ReceivedSocket[]> {
    const cluster = this.#at(path);
    this.fetches.push(addresses.join(' '));
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await Promise.race([this.fetchGate?.promise, aborted]);
    const fails = this.failingFetches > 0;
    if (fails) this.failingFetches -= 1;
    if (signal.aborted || !cluster.alive || fails) throw new Error('the sockets were not passed on');
    const had = addresses.filter((address) => cluster.received.has(address));
    return had.map((address) => {
      const close = (): void => void this.bound.delete(address);
      return { address, handle: { fd: 0, close, listen: () => 0, setBlocking: () => 0 } };
    });
  }

  #at(path: string): FakeCluster {
    const found = this.clusters.findLast((cluster) => cluster.boot.socket === path && cluster.alive);
    if (found === undefined) throw new Error(`nobody is at ${path}`);
    return found;
  }

  #bind(address: ListenAddress): BoundSocket {
    const text = formatAddress(address);
    if (this.taken.has(text) || this.bound.has(text)) {
      throw new EvenkeelError('LISTEN_FAILED', `cannot listen on ${text}: it is in use`);
    }
    this.bound.add(text);
    return { address: text, port: null, fd: 0, giveTo: () => {}, close: () => void this.bound.delete(text) };
  }
}

function identity(pid: number): ProcessIdentity {
  return { pid, startTime: 'fake' };
}
