// Starts a worker when the model wants one, after the hooks that run before it. (cluster process)

import type { ClusterEvent } from '../core/cluster-event.ts';
import type { ClusterAction } from '../core/cluster-model.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { Slot } from '../core/status.ts';
import type { AppLogs } from '../logs/app-logs.ts';
import type { Clock } from '../platform/clock.ts';
import type { Generations } from './generations.ts';
import type { LiveWorker } from './live-worker.ts';
import { OwnWorker } from './own-worker.ts';
import { requirePinned } from './pin-spec.ts';
import type { Told } from './told.ts';
import { WaitingWorker } from './waiting-worker.ts';
import type { LaunchContext } from './worker-launch.ts';

export type Spawn = ClusterAction & { do: 'spawn' };

/** What it takes to start workers. */
export interface SpawnMeans {
  readonly clock: Clock;
  readonly generations: Generations;
  readonly logs: AppLogs;
  readonly launch: Omit<LaunchContext, 'slot' | 'gate'>;
  /** A worker was started: should this process be killed in the next moment, its successor must know of it. */
  spawned(): void;
}

export interface SpawnListener {
  /** Those of a slot that are there. */
  workersOf(slot: Slot): readonly LiveWorker[];
  adopt(worker: LiveWorker): void;
  dispatch(event: ClusterEvent): void;
  tell(event: Told): void;
  onReady(worker: OwnWorker): void;
  /** Its user is unknown, say, or its folder is gone. */
  onStillborn(spawn: Spawn, message: string, hint: string | null): void;
}

export class Spawner {
  readonly #means: SpawnMeans;
  readonly #listener: SpawnListener;

  constructor(means: SpawnMeans, listener: SpawnListener) {
    this.#means = means;
    this.#listener = listener;
  }

  /** Never throws. */
  spawn(action: Spawn): void {
    this.#surely(action, () => this.#afterHooks(action));
  }

  #afterHooks(action: Spawn): void {
    const { key, slot, generation } = action;
    const pinned = this.#means.generations.pinned(generation);
    // A spec that an earlier version pinned has no hooks.
    if ((pinned.spec.hooks?.beforeFork ?? []).length === 0) return this.#start(action);
    const onLine = (hook: string, line: string): void => this.#listener.tell({ type: 'hook-output', hook, line });
    const onPassed = (): void => this.#surely(action, () => this.#start(action));
    this.#listener.adopt(new WaitingWorker(key, slot, pinned, this.#means.clock.wallNow(), { onLine, onPassed }));
  }

  #start({ key, slot, generation, gate }: Spawn): void {
    const { clock, generations, logs, launch, spawned } = this.#means;
    const { adopt, dispatch, tell, onReady } = this.#listener;
    const pinned = generations.pinned(generation);
    requirePinned(pinned);
    const fail = (reason: string, sickFor = 0): void =>
      dispatch({ type: 'worker-failed', key, reason, sickFor, random: Math.random() });
    const worker = new OwnWorker(key, slot, pinned, clock.wallNow(), {
      ...{ logs, launch, gate },
      before: [...new Set(this.#listener.workersOf(slot).flatMap(({ listensOn = [] }) => listensOn))],
      currentSpec: () => generations.find(generation)?.spec ?? pinned.spec,
      onAtGate: () => dispatch({ type: 'worker-at-gate', key }),
      onReady: () => onReady(worker),
      onMissing: (addresses) => {
        tell({ type: 'addresses-missing', slot, pid: worker.identity?.pid ?? 0, generation, addresses });
      },
      onQuiet: () => dispatch({ type: 'worker-quiet', key }),
      onDrained: () => dispatch({ type: 'worker-drained', key }),
      onUnhealthy: fail,
      onAsksReplacement: (reason) => dispatch({ type: 'worker-leaving', key, reason, kind: 'asked' }),
      onFault: (reason) => fail(reason),
      onCrashed: (reason) => dispatch({ type: 'worker-crashed', key, reason, random: Math.random() }),
    });
    adopt(worker);
    spawned();
    const pid = worker.identity?.pid;
    if (pid !== undefined) tell({ type: 'worker-started', slot, pid, generation });
  }

  #surely(action: Spawn, start: () => void): void {
    try {
      start();
    } catch (error) {
      const hint = error instanceof EvenkeelError ? error.hint : null;
      this.#listener.onStillborn(action, error instanceof Error ? error.message : String(error), hint);
    }
  }
}
