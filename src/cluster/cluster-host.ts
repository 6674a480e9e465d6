// Holds the model of the app's cluster, feeds it with what happens, and does what it says: the thin rim around
// core/cluster-machine.ts. (cluster process)

import { appState, readyOfDeploy, shownPhase } from '../core/app-state.ts';
import type { ClusterEvent } from '../core/cluster-event.ts';
import { nextWake, stepCluster } from '../core/cluster-machine.ts';
import {
  type ClusterAction,
  type ClusterModel,
  hasCrashed,
  IDLE_CLUSTER,
  isExclusive,
  type Worker,
  type WorkerKey,
} from '../core/cluster-model.ts';
import { isCommitted } from '../core/deploy-machine.ts';
import type { AppEvent } from '../core/events.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Slot, WorkerFailure } from '../core/status.ts';
import { wasAskedFor } from '../core/worker-end.ts';
import { newlyLeaving } from '../core/worker-machine.ts';
import type { Timer } from '../platform/clock.ts';
import { awaitedOf } from './awaited.ts';
import { describeEnd, explainEnd } from './describe-end.ts';
import type { EventRing } from './event-ring.ts';
import type { LiveWorker } from './live-worker.ts';
import { Obituaries } from './obituaries.ts';
import type { OwnWorker } from './own-worker.ts';
import { type Spawn, Spawner, type SpawnMeans } from './spawner.ts';
import { surviving } from './surviving.ts';
import type { Told } from './told.ts';
import type { ProcessEnd } from './worker-process.ts';

export interface HostPorts extends SpawnMeans {
  readonly app: string;
  readonly events: EventRing;
  /** The `before` hooks are to run, then the generation is to be pinned. */
  prepare(generation: number): void;
  deployEnded(action: ClusterAction & { do: 'finish-deploy' }, failure: WorkerFailure | null): void;
  /** Something changed that a successor must know, or that somebody may wait for. */
  changed(): void;
}

export class ClusterHost {
  readonly #ports: HostPorts;
  readonly #spawner: Spawner;
  #model: ClusterModel = IDLE_CLUSTER;
  readonly #workers = new Map<WorkerKey, LiveWorker>();
  readonly #obituaries = new Obituaries();
  readonly #leftovers = new Set<Promise<void>>();
  #timer: Timer | null = null;
  readonly #queue: ClusterEvent[] = [];

  constructor(ports: HostPorts) {
    this.#ports = ports;
    this.#spawner = new Spawner(ports, {
      workersOf: (slot) => [...this.#workers.values()].filter((worker) => worker.slot === slot),
      adopt: (worker) => this.adopt(worker),
      dispatch: (event) => this.dispatch(event),
      tell: (event) => this.tell(event),
      onReady: (worker) => this.#ready(worker),
      onStillborn: (spawn, message, hint) => this.#stillborn(spawn, message, hint),
    });
  }

  get model(): ClusterModel {
    return this.#model;
  }

  get workers(): ReadonlyMap<WorkerKey, LiveWorker> {
    return this.#workers;
  }

  /** Of each worker: it is gone, with all that it started. */
  get leftovers(): readonly Promise<void>[] {
    return [...this.#leftovers];
  }

  /** What serves, as it is now; null before the first start. */
  get currentSpec(): AppSpec | null {
    return this.#ports.generations.find(this.#model.current)?.spec ?? null;
  }

  /** Takes events one at a time: doing what one brings may bring the next. */
  dispatch(event: ClusterEvent): void {
    if (this.#queue.push(event) > 1) return;
    for (let next: ClusterEvent | undefined = event; next !== undefined; next = this.#queue[0]) {
      const due = next;
      surviving(() => this.#step(due));
      this.#queue.shift();
    }
    this.#armTimer();
    this.#ports.changed();
  }

  /** An orphan: a worker that is there already. */
  adopt(worker: LiveWorker): void {
    this.#workers.set(worker.key, worker);
    this.#leftovers.add(worker.gone);
    void worker.gone.then(() => this.#leftovers.delete(worker.gone));
    void this.#whenOver(worker).then((end) => this.#buried(worker, end));
  }

  tell(event: Told): void {
    const time = new Date(this.#ports.clock.wallNow()).toISOString();
    this.#ports.events.emit({ ...event, time, app: this.#ports.app } as AppEvent);
  }

  failureOf(key: WorkerKey | null, reason: string): WorkerFailure | null {
    if (key === null) return null;
    const worker = this.#workers.get(key);
    if (worker === undefined) return this.#obituaries.of(key);
    return this.#describeFailure(worker, reason, { code: null, signal: null, error: null });
  }

  /** How the slot's worker failed last, if that was lately. */
  failureOfSlot(slot: Slot): WorkerFailure | null {
    return this.#obituaries.lastOfSlot(slot);
  }

  #step(event: ClusterEvent): void {
    const before = this.#model;
    const { model, actions } = stepCluster(before, event, this.#ports.clock.now());
    this.#model = model;
    for (const worker of newlyLeaving(before, model)) this.#tellLeaving(worker);
    for (const action of actions) surviving(() => this.#perform(action, before));
    this.#tellChanges(before, model);
  }

  #tellChanges(before: ClusterModel, after: ClusterModel): void {
    const { deploy } = after;
    if (deploy !== null && (deploy.phase !== before.deploy?.phase || readyOfDeploy(after) !== readyOfDeploy(before))) {
      const { generation, workers } = deploy;
      const [phase, committed] = [shownPhase(deploy), isCommitted(deploy)];
      this.tell({ type: 'deploy-phase', generation, phase, ready: readyOfDeploy(after), desired: workers, committed });
    }
    const [previous, state] = [appState(before), appState(after)];
    if (state !== previous) this.tell({ type: 'app-state', state, previous });
  }

  #tellLeaving({ key, slot, generation, leaving }: Worker): void {
    const pid = this.#workers.get(key)?.identity?.pid ?? 0;
    this.tell({ type: 'worker-recycle', slot, pid, generation, reason: leaving?.reason ?? '' });
  }

  #perform(action: ClusterAction, before: ClusterModel): void {
    switch (action.do) {
      case 'spawn':
        return this.#spawner.spawn(action);
      case 'open-gate':
        return this.#workers.get(action.key)?.openGate();
      case 'drain':
        return this.#drain(action, before);
      case 'kill':
        return this.#kill(action.key);
      case 'run-before-hooks':
        return this.#ports.prepare(action.generation);
      case 'backoff':
        return this.tell({
          type: 'worker-backoff',
          slot: action.slot,
          delayMs: action.delay,
          failures: action.failures,
        });
      case 'give-up':
        return this.tell({ type: 'worker-gave-up', slot: action.slot, failures: action.failures });
      case 'finish-deploy':
        return this.#ports.deployEnded(action, this.failureOf(action.culprit, action.reason));
    }
  }

  /** A worker that cannot be started ends at once, so that policy and reports are the same. */
  #stillborn({ key, slot, generation }: Spawn, message: string, hint: string | null): void {
    const reason = `could not be started: ${message}`;
    this.#workers.delete(key);
    this.#obituaries.add(key, { slot, pid: null, reason, code: null, signal: null, lastLines: [], hint });
    const end = { code: null, signal: null, expected: false, reason };
    this.tell({ type: 'worker-exited', slot, pid: 0, generation, ...end });
    this.#exited(key, reason);
  }

  /** The model knows a worker that there is not: nobody else would ever tell it so. */
  #missing(key: WorkerKey): void {
    this.#exited(key, 'was gone already');
  }

  #exited(key: WorkerKey, how: string): void {
    const nothing = { finished: 0, cut: 0, neverRan: true };
    this.dispatch({ type: 'worker-exited', key, how, ...nothing, random: Math.random() });
  }

  #ready(worker: OwnWorker): void {
    const { key, slot, generation, identity, startedAt } = worker;
    if (this.#model.workers.find((known) => known.key === key)?.state !== 'booting') return;
    const bootMs = this.#ports.clock.wallNow() - startedAt;
    this.tell({ type: 'worker-ready', slot, pid: identity?.pid ?? 0, generation, bootMs });
    worker.watchHealth();
    this.dispatch({ type: 'worker-ready', key });
  }

  #drain({ key, timeout, reason }: ClusterAction & { do: 'drain' }, before: ClusterModel): void {
    const worker = this.#workers.get(key);
    if (worker === undefined) return this.#missing(key);
    // One that never became ready may be why the deploy fails; by the time that is reported it will be gone.
    const state = before.workers.find((known) => known.key === key)?.state;
    if (state === 'booting' || state === 'standing-by') {
      this.#obituaries.add(key, this.#describeFailure(worker, reason, { code: null, signal: null, error: null }));
    }
    worker.drain(timeout);
    const { slot, generation, identity } = worker;
    this.tell({ type: 'worker-draining', slot, pid: identity?.pid ?? 0, generation, reason });
  }

  #kill(key: WorkerKey): void {
    const worker = this.#workers.get(key);
    if (worker === undefined) return this.#missing(key);
    void worker.kill();
  }

  #buried(worker: LiveWorker, end: ProcessEnd): void {
    const { key, slot, generation, identity, drained } = worker;
    const known = this.#model.workers.find((other) => other.key === key);
    this.#workers.delete(key);
    if (known === undefined) return;
    const isTold = known.state === 'draining' || known.state === 'killing';
    const { code, signal } = end;
    // However well one that has crashed went: it would not have gone without the exception.
    const expected = wasAskedFor(known.state, signal, worker.stopSignal) && !hasCrashed(known);
    const how = describeEnd(end);
    const crash = hasCrashed(known) ? known.leaving?.reason : undefined;
    if (!isTold || crash !== undefined) this.#obituaries.add(key, this.#describeFailure(worker, crash ?? how, end));
    const reason = expected && isTold ? known.reason : explainEnd(known, how);
    this.tell({ type: 'worker-exited', slot, pid: identity?.pid ?? 0, generation, code, signal, expected, reason });
    // Whether we killed it, or the stop signal did, or it left without waiting: what was in use is cut.
    const cut = isTold ? drained.inUse : 0;
    const loss = { finished: drained.finished, cut };
    this.dispatch({ type: 'worker-exited', key, how, neverRan: end.error !== null, ...loss, random: Math.random() });
  }

  /** Where two may not serve at once, what a worker leaves of its process group counts as the worker. */
  async #whenOver(worker: LiveWorker): Promise<ProcessEnd> {
    const end = await worker.ended;
    if (isExclusive(this.#model)) await worker.gone;
    return end;
  }

  #describeFailure(worker: LiveWorker, reason: string, { code, signal }: ProcessEnd): WorkerFailure {
    const lastLines = worker.lastLines ?? this.#ports.logs.lastLines(worker.key);
    return { slot: worker.slot, pid: worker.identity?.pid ?? null, reason, code, signal, lastLines };
  }

  #armTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const at = nextWake(this.#model);
    if (at === null) return;
    const onDue = (): void => {
      const awaited = awaitedOf(this.#model, this.#workers);
      this.dispatch({ type: 'tick', random: Math.random(), awaited });
    };
    this.#timer = this.#ports.clock.setTimer(at, onDue);
  }
}
