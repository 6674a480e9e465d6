// Workers that are replaced although they are well: too much memory, or the time of `restart.schedule`.
// (cluster process)

import type { WorkerKey } from '../core/cluster-model.ts';
import type { RestartSpec } from '../core/spec.ts';
import { RotationSchedule } from '../logs/rotation-schedule.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import { rssOf } from '../platform/proc-stats.ts';
import type { ClusterHost } from './cluster-host.ts';

/** How often memory is looked at: a leak of 50 MB/s must not reach a multiple of the limit. */
const MEMORY_INTERVAL = 1_000;

export interface Recyclable {
  readonly key: WorkerKey;
  readonly pid: number;
}

export interface RecyclePorts {
  readonly clock: Clock;
  /** Ready workers that are not leaving yet. */
  workers(): readonly Recyclable[];
  onTooLarge(key: number, reason: string): void;
  onSchedule(reason: string): void;
}

/** Owns its timers; `apply` replaces them, `close` ends them. Without memory limit and schedule it has none. */
export class Recycler {
  readonly #ports: RecyclePorts;
  #memory: Timer | null = null;
  #pattern: string | null = null;
  readonly #schedule: RotationSchedule;

  constructor(ports: RecyclePorts) {
    this.#ports = ports;
    const onDue = (): void => ports.onSchedule(`restart.schedule "${this.#pattern}"`);
    this.#schedule = new RotationSchedule(onDue, () => ports.clock.wallNow());
  }

  apply(restart: RestartSpec): void {
    this.#memory?.cancel();
    this.#memory = null;
    if (restart.memory !== null) this.#watchMemory(restart.memory);
    this.#pattern = restart.schedule;
    this.#schedule.set(restart.schedule);
  }

  close(): void {
    this.#memory?.cancel();
    this.#memory = null;
    this.#schedule.set(null);
  }

  #watchMemory(limit: number): void {
    const { clock } = this.#ports;
    this.#memory = clock.setTimer(clock.now() + MEMORY_INTERVAL, () => {
      for (const { key, pid } of this.#ports.workers()) {
        const rss = rssOf(pid);
        if (rss !== null && rss > limit)
          this.#ports.onTooLarge(key, `uses ${toMiB(rss)} MB, more than ${toMiB(limit)} MB`);
      }
      this.#watchMemory(limit);
    });
  }
}

const toMiB = (bytes: number): number => Math.round(bytes / 1024 / 1024);

/** Workers whose memory is looked at. */
export function recyclable(host: Pick<ClusterHost, 'model' | 'workers'>): readonly Recyclable[] {
  const workers: Recyclable[] = [];
  for (const worker of host.model.workers) {
    const pid = host.workers.get(worker.key)?.identity?.pid;
    if (worker.state === 'ready' && worker.leaving === null && pid !== undefined)
      workers.push({ key: worker.key, pid });
  }
  return workers;
}
