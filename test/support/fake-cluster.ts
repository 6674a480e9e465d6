// Cluster processes that are objects in the test's own process: they speak the real protocol on real unix sockets, and do
// what a test tells them to.

import type { Socket } from 'node:net';
import { type Deferred, deferred } from '../../src/core/deferred.ts';
import { type ErrorBody, EvenkeelError, toErrorBody } from '../../src/core/errors.ts';
import type { AppEvent } from '../../src/core/events.ts';
import { type AppSpec, formatAddress } from '../../src/core/spec.ts';
import type {
  AppState,
  AppStatus,
  ChangeResult,
  DeployOutcome,
  DeployResult,
  ToldWorker,
} from '../../src/core/status.ts';
import { frames, sendFrame } from '../../src/platform/ndjson-stream.ts';
import { listenUnix, type UnixListener } from '../../src/platform/unix-server.ts';
import type { ClusterBoot } from '../../src/protocol/cluster-boot.ts';
import type { DeployRequest, HistoryEntry, NumberedEvent, PinnedSpec } from '../../src/protocol/cluster-link.ts';

/** What a real one keeps in cluster.json: it outlives the process. */
export interface ClusterMemory {
  current: PinnedSpec | null;
  history: HistoryEntry[];
  generation: number;
  running: boolean;
}

export const freshMemory = (): ClusterMemory => ({ current: null, history: [], generation: 0, running: false });

/** How the next deploy or start goes, or any other change of what runs. */
export interface Script {
  outcome: DeployOutcome;
  reason: string;
  /** Set to make it wait until resolved, or aborted. */
  hold: Deferred<void> | null;
  /** Set to have the next start or deploy refused. */
  refusal: EvenkeelError | null;
  /** Set to have hooks fail before a start or deploy: no worker is started. */
  veto: string | null;
}

type Params = Readonly<Record<string, unknown>>;

export class FakeCluster {
  readonly pid: number;
  readonly boot: ClusterBoot;
  readonly memory: ClusterMemory;
  readonly script: Script;
  /** Every request, in order, as "type" or "type detail". */
  readonly asked: string[] = [];
  readonly received = new Set<string>();
  readonly #exited = deferred<void>();
  readonly #stopped = deferred<void>();
  readonly #connections = new Set<Socket>();
  readonly #connected: Deferred<void>[] = [];
  readonly #events: NumberedEvent[] = [];
  #server: UnixListener | null = null;
  #started: boolean = false;
  /** While nothing is deployed. */
  #state: AppState = 'online';
  #deploying: { generation: number; aborted: Deferred<string> } | null = null;
  frozen: boolean = false;
  /** What follows on its answers cannot be understood. */
  garbles: boolean = false;
  alive: boolean = true;
  /** Why worker 0 gets no signal and no message; null: it does. */
  deaf: string | null = null;
  /** Set to have the next stop refused. */
  stopRefusal: EvenkeelError | null = null;
  /** What its worker has written, and writes when somebody follows. */
  wrote = 'past';
  writes = 'now';

  constructor(pid: number, boot: ClusterBoot, memory: ClusterMemory, script: Script) {
    this.pid = pid;
    this.boot = boot;
    this.memory = memory;
    this.script = script;
    memory.generation = Math.max(memory.generation, boot.generation);
    for (const { address } of boot.sockets) this.received.add(address);
  }

  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  async listen(): Promise<void> {
    const server = await listenUnix(this.boot.socket, (socket) => this.#accept(socket));
    if (this.alive) this.#server = server;
    else void server.close();
  }

  /** As by SIGKILL; workers would go on. */
  die(): void {
    this.alive = false;
    void this.#server?.close();
    for (const socket of this.#connections) socket.destroy();
    this.#exited.resolve();
  }

  /** Resolves with the next connection. */
  connected(): Promise<void> {
    const next = deferred<void>();
    this.#connected.push(next);
    return next.promise;
  }

  /** Only the connections end. */
  disconnect(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  tell(event: object): void {
    const told = { ...event, app: this.boot.app, time: new Date().toISOString() } as AppEvent;
    const numbered = { seq: this.#events.length + 1, event: told };
    this.#events.push(numbered);
    for (const socket of this.#connections) sendFrame(socket, { type: 'event', ...numbered });
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    for (const next of this.#connected.splice(0)) next.resolve();
    socket.once('close', () => this.#connections.delete(socket));
    frames(
      socket,
      (value) => void this.#answer(socket, value as { id: number; type: string; params: Params }),
      () => {},
    );
  }

  async #answer(socket: Socket, { id, type, params }: { id: number; type: string; params: Params }): Promise<void> {
    if (type !== 'hello' && type !== 'status' && type !== 'ping') this.asked.push(describe(type, params));
    const refusal = this.#refusalOf(type);
    if (type === 'stop' && refusal === null) this.#stop();
    if (this.frozen) return;
    try {
      if (refusal !== null) throw refusal;
      const answer = { id, ok: true, result: await this.#do(type, params) };
      if (this.garbles) socket.write(`${JSON.stringify(answer)}\nnot JSON\n`);
      else sendFrame(socket, answer);
    } catch (error) {
      const body: ErrorBody = toErrorBody(error);
      sendFrame(socket, { id, ok: false, error: body });
    }
    if (type === 'stop' && refusal === null) setImmediate(() => this.die());
  }

  /** Once. */
  #refusalOf(type: string): EvenkeelError | null {
    const refusal = type === 'stop' ? this.stopRefusal : this.script.refusal;
    if (type === 'stop') this.stopRefusal = null;
    else if (type === 'start' || type === 'deploy') this.script.refusal = null;
    else return null;
    return refusal;
  }

  /** At once, though the answer may be long in coming. */
  #stop(): void {
    this.memory.running = false;
    this.#started = false;
    this.#state = 'stopping';
    this.#deploying?.aborted.resolve('the app was stopped');
    this.#stopped.resolve();
  }

  async #do(type: string, params: Params): Promise<unknown> {
    const { memory } = this;
    switch (type) {
      case 'hello':
        return this.#snapshot(Number(params.sinceEvent));
      case 'ping':
        return {};
      case 'status':
        return this.#status();
      case 'history':
        return memory.history;
      case 'start':
      case 'deploy':
        return await this.#deploy(params as unknown as DeployRequest);
      case 'resume': {
        if (!memory.running || memory.current === null)
          throw new EvenkeelError('APP_STOPPED', 'nothing was running here');
        this.#started = true;
        return { ...(await this.#change()), generation: memory.current.generation };
      }
      case 'restart': {
        const { current } = memory;
        if (current === null) throw new EvenkeelError('APP_STOPPED', 'nothing is running here');
        return await this.#deploy({ spec: current.spec, reason: 'restart', timeout: null, pinned: current });
      }
      case 'scale': {
        const from = memory.current?.spec.workers ?? 0;
        const result = await this.#change();
        const to = result.outcome === 'done' ? Number(params.workers) : from;
        this.#amend({ workers: to });
        return { ...result, from, to };
      }
      case 'apply-live':
        this.#applyLive(params.spec as AppSpec);
        return {};
      case 'stop':
        return { killed: 0 };
      case 'abort':
        if (this.#deploying === null) throw new EvenkeelError('NO_DEPLOY', 'no deploy is under way');
        this.#deploying.aborted.resolve(String(params.reason));
        return this.#result(this.#deploying.generation, 'aborted', String(params.reason));
      case 'logs':
        if (params.follow === true) setImmediate(() => this.#log());
        return { lines: [{ slot: 0, stream: 'stdout', line: this.wrote }], files: [] };
      default:
        return { workers: Array.from({ length: memory.current?.spec.workers ?? 0 }, (_, slot) => this.#told(slot)) };
    }
  }

  async #deploy({ spec, reason, pinned, ran = false }: DeployRequest & { ran?: boolean }): Promise<DeployResult> {
    if (this.#deploying !== null) throw new EvenkeelError('DEPLOY_IN_PROGRESS', 'one is under way');
    const { memory, script } = this;
    memory.generation += 1;
    const { generation } = memory;
    const aborted = deferred<string>();
    this.#deploying = { generation, aborted };
    const first = !this.#started;
    this.#started = true;
    this.tell({ type: 'deploy-started', generation, reason, strategy: spec.deploy.strategy });
    const end =
      script.hold === null ? null : await Promise.race([script.hold.promise.then(() => null), aborted.promise]);
    this.#deploying = null;
    if (script.veto !== null && !ran) {
      if (first) this.#started = false;
      if (first) this.#state = 'stopped';
      const vetoed = this.#result(generation, 'failed', script.veto);
      this.tell({ ...vetoed, type: 'deploy-finished' });
      return vetoed;
    }
    const result =
      end === null
        ? this.#result(generation, script.outcome, script.reason || reason)
        : this.#result(generation, 'aborted', end);
    const { outcome } = result;
    // A start that failed goes on trying with what it was given.
    if (outcome === 'done' || (first && memory.current === null)) {
      memory.current = {
        generation,
        spec,
        realCwd: pinned?.realCwd ?? spec.cwd,
        realScript: pinned?.realScript ?? spec.script,
      };
      memory.running = true;
    }
    const entry = { ...result, pinned: outcome === 'done' ? memory.current : null, current: outcome === 'done' };
    memory.history = [...memory.history.map((old) => ({ ...old, current: old.current && outcome !== 'done' })), entry];
    this.tell({ ...result, type: 'deploy-finished' });
    this.#state = outcome === 'done' || !first ? 'online' : 'backoff';
    if (outcome === 'done') this.tell({ type: 'app-state', state: 'online', previous: 'deploying' });
    return result;
  }

  #applyLive(spec: AppSpec): void {
    this.#amend(spec);
    const declared = spec.listen.map(formatAddress);
    for (const address of this.received) if (!declared.includes(address)) this.received.delete(address);
  }

  /** How a change that is no deploy ends: as the script says, or by a stop. */
  async #change(): Promise<ChangeResult> {
    const { hold, outcome, reason } = this.script;
    const isStopped = await Promise.race([
      hold?.promise.then(() => false) ?? false,
      this.#stopped.promise.then(() => true),
    ]);
    if (isStopped) return { outcome: 'aborted', cause: 'the app was stopped', failure: null };
    return { outcome, cause: outcome === 'done' ? null : reason, failure: null };
  }

  #result(generation: number, outcome: DeployOutcome, reason: string): DeployResult {
    const record = { generation, outcome, reason, startedAt: new Date().toISOString(), durationMs: 1 };
    const loss = { finished: 0, cut: 0, killed: 0 };
    const cause = outcome === 'done' ? null : reason;
    return { ...record, app: this.boot.app, cause, loss, failure: null, hookOutput: [], afterFailure: null };
  }

  #told(slot: number): ToldWorker {
    return { slot, pid: 1000 + slot, generation: this.memory.generation, problem: slot === 0 ? this.deaf : null };
  }

  #amend(change: Partial<AppSpec>): void {
    const { current } = this.memory;
    if (current !== null) this.memory.current = { ...current, spec: { ...current.spec, ...change } };
  }

  #log(): void {
    for (const socket of this.#connections) {
      sendFrame(socket, { type: 'log', slot: 1, stream: 'stderr', line: this.writes });
      sendFrame(socket, { type: 'log-skipped', lines: 3 });
    }
  }

  #status(): AppStatus {
    const { current } = this.memory;
    const workers = current?.spec.workers ?? 0;
    const deploy = this.#deploying && {
      ...{ generation: this.#deploying.generation, phase: 'booting' as const },
      ...{ startedAt: new Date().toISOString(), ready: 0, desired: 1 },
    };
    return {
      ...{
        name: this.boot.app,
        state: deploy ? 'deploying' : this.#state,
        generation: current?.generation ?? 0,
        deploy,
      },
      ...{
        desired: workers,
        ready: workers,
        clusterPid: this.pid,
        drift: false,
        problem: null,
        lastDeploy: null,
        workers: [],
      },
    };
  }

  #snapshot(since: number): object {
    return {
      ...{ version: 1, evenkeel: '0', pid: this.pid, startedAt: '', status: this.#status(), held: [...this.received] },
      ...{ current: this.#started ? this.memory.current : null, started: this.#started },
      ...{ desired: this.memory.current?.spec.workers ?? 0, lastEvent: this.#events.length },
      missed: this.#events.filter((event) => event.seq > since),
    };
  }
}

function describe(type: string, params: Params): string {
  if (type === 'start' || type === 'deploy') return `${type} ${String(params.reason)}`;
  if (type === 'scale') return `scale ${String(params.workers)}`;
  return type === 'apply-live' ? `apply-live ${String(params.keys)}` : type;
}
