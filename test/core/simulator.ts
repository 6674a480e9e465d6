// A fake world for the cluster machine: it does what the machine asks to a set of pretended processes, and tells the
// machine only what a test lets happen. Every step is checked against the world and handed to a watcher.

import { isDeepStrictEqual } from 'node:util';
import type { ClusterEvent } from '../../src/core/cluster-event.ts';
import { nextWake, stepCluster } from '../../src/core/cluster-machine.ts';
import {
  type ClusterAction,
  type ClusterModel,
  type GenerationSettings,
  IDLE_CLUSTER,
  type Worker,
  type WorkerKey,
} from '../../src/core/cluster-model.ts';
import type { Generation, Slot } from '../../src/core/status.ts';

export interface StepRecord {
  readonly before: ClusterModel;
  readonly event: ClusterEvent;
  readonly after: ClusterModel;
  readonly actions: readonly ClusterAction[];
  readonly now: number;
}

export interface Process {
  readonly key: WorkerKey;
  readonly slot: Slot;
  readonly generation: Generation;
  readonly orphan: boolean;
  /** `held`: it boots, and is held when it is about to listen. */
  readonly state: 'held' | 'standing-by' | 'booting' | 'ready' | 'draining' | 'killing';
}

export type Finish = ClusterAction & { readonly do: 'finish-deploy' };
type DeployEvent = ClusterEvent & { readonly type: 'deploy' };
type ResumeEvent = ClusterEvent & { readonly type: 'resume' };
type OrphanEvent = ClusterEvent & { readonly type: 'orphan-found' };

/** Ready within 1 s, gone within 0.5 s, backoff of 0.1 s to 1 s, never given up. */
export const SETTINGS: GenerationSettings = {
  readyTimeout: 1000,
  stopTimeout: 500,
  restart: {
    ...{ minDelay: 100, maxDelay: 1000, resetAfter: 2000, limit: 0 },
    ...{ onUncaught: 'exit', memory: null, schedule: null },
  },
  ...{ exclusive: false, holdable: true },
};
export const EXCLUSIVE: GenerationSettings = { ...SETTINGS, exclusive: true };
/** Programs that are not Node. */
export const ALONE: GenerationSettings = { ...EXCLUSIVE, holdable: false };

const CALM_STEPS = 2000;
const TICKS_AT_ONE_TIME = 50;

export class Simulator {
  model: ClusterModel = IDLE_CLUSTER;
  now = 1_000_000;
  hooksOf: Generation | null = null;
  readonly actions: ClusterAction[] = [];
  readonly #processes = new Map<WorkerKey, Process>();
  readonly #watch: (record: StepRecord) => void;
  #generation = 0;
  #wake: number | null = null;

  constructor(watch: (record: StepRecord) => void = () => undefined) {
    this.#watch = watch;
  }

  /** Every process, in the order of their slots: "0@1 ready" is slot 0 of generation 1. */
  get shown(): string[] {
    const sorted = [...this.processes].sort((a, b) => a.slot - b.slot || a.generation - b.generation || a.key - b.key);
    return sorted.map(describeProcess);
  }

  get processes(): readonly Process[] {
    return [...this.#processes.values()];
  }

  get phase(): string | null {
    return this.model.deploy?.phase ?? null;
  }

  get finishes(): readonly Finish[] {
    return this.actions.filter((action): action is Finish => action.do === 'finish-deploy');
  }

  get nextGeneration(): Generation {
    return this.#generation + 1;
  }

  send(event: ClusterEvent): readonly ClusterAction[] {
    const before = this.model;
    const { model, actions } = stepCluster(before, event, this.now);
    this.model = freeze(model);
    this.#wake = nextWake(model);
    if (before.deploy !== null && model.deploy === null) this.hooksOf = null;
    for (const action of actions) this.#execute(action);
    this.actions.push(...actions);
    this.#compareWithWorld();
    this.#watch({ before, event, after: model, actions, now: this.now });
    return actions;
  }

  /** Two workers, all at once, no hooks, settling for 100 ms, unless told otherwise. */
  deploy(options: Partial<DeployEvent> = {}): Generation {
    const generation = this.nextGeneration;
    this.#generation = generation;
    this.send({
      ...{ type: 'deploy', generation, settings: SETTINGS, reason: 'a new release', strategy: 'all-at-once' },
      ...{ workers: 2, batch: 1, settle: 100, timeout: 5000, hooks: false },
      ...options,
    });
    return generation;
  }

  /** A cluster whose workers of generation 1 are all ready. */
  online(options: Partial<DeployEvent> = {}): this {
    this.deploy(options);
    return this.calm();
  }

  /** The cluster process before this one left these behind, as "slot@generation". */
  resume(orphans: readonly string[], options: Partial<ResumeEvent & Pick<OrphanEvent, 'orphansFirst'>> = {}): void {
    const { orphansFirst = false, ...rest } = options;
    for (const name of orphans) this.findOrphan(name, { orphansFirst });
    this.#generation = Math.max(this.#generation, 1);
    this.send({ type: 'resume', generation: 1, settings: SETTINGS, workers: 2, ...rest });
  }

  /** One more worker that the cluster process before this one left. */
  findOrphan(name: string, options: Partial<OrphanEvent> = {}): void {
    const found = { key: this.model.nextKey, ...parse(name) };
    this.#processes.set(found.key, { ...found, orphan: true, state: 'ready' });
    this.#generation = Math.max(this.#generation, found.generation);
    const { orphansFirst } = this.model;
    this.send({ type: 'orphan-found', ...found, settings: SETTINGS, orphansFirst, ...options });
  }

  /** They are about to listen, and are held. */
  atGate(...names: readonly string[]): void {
    for (const name of names) this.atGateKey(this.pick(name, 'held').key);
  }

  atGateKey(key: WorkerKey): void {
    this.#become(key, 'standing-by');
    this.send({ type: 'worker-at-gate', key });
  }

  /** They drain, and have nothing left to finish. */
  drained(...names: readonly string[]): void {
    for (const name of names) this.send({ type: 'worker-drained', key: this.pick(name, 'draining').key });
  }

  ready(...names: readonly string[]): void {
    for (const name of names) this.readyKey(this.pick(name, 'booting').key);
  }

  readyKey(key: WorkerKey): void {
    this.#become(key, 'ready');
    this.send({ type: 'worker-ready', key });
  }

  /** `name` as in `shown`, with or without its state. */
  exit(name: string, how = 'exited with code 1'): void {
    const [worker = '', state] = name.split(' ');
    this.exitKey(this.pick(worker, state).key, { how });
  }

  exitKey(key: WorkerKey, facts: Partial<ClusterEvent & { type: 'worker-exited' }> = {}): void {
    this.#processes.delete(key);
    this.send({ type: 'worker-exited', key, how: 'exited with code 1', finished: 0, cut: 0, random: 0.5, ...facts });
  }

  fail(name: string, sickFor = 0): void {
    const [worker = '', state] = name.split(' ');
    const reason = 'failed its health checks';
    this.send({ type: 'worker-failed', key: this.pick(worker, state).key, reason, sickFor, random: 0.5 });
  }

  leave(name: string, reason: string, kind: 'upkeep' | 'asked' = 'upkeep'): void {
    this.send({ type: 'worker-leaving', key: this.pick(name, 'ready').key, reason, kind });
  }

  /** An exception was not caught in it. */
  crash(name: string, reason: string): void {
    const [worker = '', state] = name.split(' ');
    this.send({ type: 'worker-crashed', key: this.pick(worker, state).key, reason, random: 0.5 });
  }

  hooks(pass: boolean): void {
    const generation = this.hooksOf;
    if (generation === null) throw new Error('no hooks run');
    this.hooksOf = null;
    this.send(
      pass
        ? { type: 'hooks-passed', generation }
        : { type: 'hooks-failed', generation, reason: 'hook deploy.before[0] exited with code 1' },
    );
  }

  /** Time passes; the machine is woken whenever it asked to be. */
  advance(ms: number): void {
    const until = this.now + ms;
    let ticks = 0;
    while (this.#wake !== null && this.#wake <= until) {
      ticks = this.#wake <= this.now ? ticks + 1 : 1;
      if (ticks > TICKS_AT_ONE_TIME) throw new Error(`busy: woken ${ticks} times at one time`);
      this.wake();
    }
    this.now = until;
  }

  /** Time passes and nobody notices, as when the event loop is held up. */
  lag(ms: number): void {
    this.now += ms;
  }

  /** Goes to the next wake-up; false where there is none. */
  wake(): boolean {
    if (this.#wake === null) return false;
    this.now = Math.max(this.now, this.#wake);
    const before = this.model;
    this.send({ type: 'tick', random: 0.5 });
    const again = this.#wake;
    if (again !== null && again <= this.now && isDeepStrictEqual(before, this.model)) {
      throw new Error('busy: a wake-up changed nothing and asks for another at once');
    }
    return true;
  }

  /** From now on all goes well, until there is nothing left to wait for or it is `enough`. */
  calm(enough: (world: this) => boolean = () => false): this {
    for (let steps = 0; steps < CALM_STEPS; steps += 1) {
      if (enough(this)) return this;
      const going = this.processes.find(({ state }) => state === 'draining' || state === 'killing');
      const held = this.processes.find(({ state }) => state === 'held');
      const booting = this.processes.find(({ state }) => state === 'booting');
      if (this.hooksOf !== null) this.hooks(true);
      else if (going !== undefined) this.exitKey(going.key, { how: 'exited with code 0' });
      else if (held !== undefined) this.atGateKey(held.key);
      else if (booting !== undefined) this.readyKey(booting.key);
      else if (!this.wake()) return this;
    }
    throw new Error(`does not calm down: ${this.shown.join(', ')}, deploy ${this.phase}`);
  }

  /** From now on nothing answers: no worker becomes ready, none ends before SIGKILL. */
  hang(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const killed = this.processes.find(({ state }) => state === 'killing');
      if (killed !== undefined) this.exitKey(killed.key, { how: 'was killed by SIGKILL' });
      else if (this.#wake !== null && this.#wake <= until) this.wake();
      else break;
    }
    this.now = until;
  }

  pick(name: string, state?: string): Process {
    const found = this.processes.filter(
      (process) => nameOf(process) === name && (state === undefined || process.state === state),
    );
    const [only] = found;
    if (only === undefined || found.length > 1) {
      throw new Error(`${found.length} workers are ${name} ${state ?? ''}; there are: ${this.shown.join(', ')}`);
    }
    return only;
  }

  #execute(action: ClusterAction): void {
    switch (action.do) {
      case 'spawn': {
        const { key, slot, generation, gate } = action;
        if (this.#processes.has(key)) throw new Error(`key ${key} is taken`);
        const state = gate === 'shut' ? 'held' : 'booting';
        this.#processes.set(key, { key, slot, generation, orphan: false, state });
        return;
      }
      case 'open-gate':
        this.#become(action.key, 'booting');
        return;
      case 'drain':
        this.#become(action.key, 'draining');
        return;
      case 'kill':
        this.#become(action.key, 'killing');
        return;
      case 'run-before-hooks':
        this.hooksOf = action.generation;
        return;
      case 'backoff':
      case 'give-up':
      case 'finish-deploy':
        return;
    }
  }

  #become(key: WorkerKey, state: Process['state']): void {
    const process = this.#processes.get(key);
    const order: readonly Process['state'][] = ['held', 'standing-by', 'booting', 'ready', 'draining', 'killing'];
    if (process === undefined || order.indexOf(process.state) >= order.indexOf(state)) {
      throw new Error(`worker ${key} is ${process?.state ?? 'gone'} and cannot become ${state}`);
    }
    this.#processes.set(key, { ...process, state });
  }

  /** The machine must know exactly what there is. */
  #compareWithWorld(): void {
    const facts = (worker: Worker): Process => {
      const { key, slot, generation, orphan } = worker;
      const isHeld = worker.state === 'booting' && worker.gate === 'shut';
      return { key, slot, generation, orphan, state: isHeld ? 'held' : worker.state };
    };
    const believed = new Map(this.model.workers.map((worker) => [worker.key, facts(worker)]));
    if (!isDeepStrictEqual(believed, this.#processes)) {
      throw new Error(`the model differs from the world: ${JSON.stringify([...believed.values()])}, ${this.shown}`);
    }
  }
}

export function describeProcess(process: Process): string {
  return `${nameOf(process)} ${process.state}${process.orphan ? ' orphan' : ''}`;
}

function nameOf(process: Process): string {
  return `${process.slot}@${process.generation}`;
}

function parse(name: string): { slot: Slot; generation: Generation } {
  const [slot, generation] = name.split('@').map(Number);
  if (slot === undefined || generation === undefined) throw new Error(`${name} is not slot@generation`);
  return { slot, generation };
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}
