// Manager: how many apps are brought up at a time. Of a hundred that boot at once none is ready before nearly all are, and
// `ready.timeout` of each goes on meanwhile.

import type { Milliseconds } from '../core/spec.ts';
import type { Clock } from '../platform/clock.ts';
import type { Task } from './app-lane.ts';
import { Turns } from './turns.ts';

const APPS_PER_CPU = 8;
/** An app that takes longer waits for something, and perhaps for one that has not had its turn. */
const TURN: Milliseconds = 5_000;

export type BootStage = 'waiting' | 'booting';

export class BootTurns {
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #stages = new Map<string, BootStage>();

  constructor(cpus: number, clock: Clock) {
    this.#turns = new Turns(APPS_PER_CPU * cpus);
    this.#clock = clock;
  }

  /** Settles as the work does. Throws Superseded where a stop comes before its turn. */
  async take<T>(app: string, task: Task, work: () => Promise<T>): Promise<T> {
    this.#stages.set(app, 'waiting');
    const end = await this.#turns.take(task.signal);
    const timer = this.#clock.setTimer(this.#clock.now() + TURN, end);
    try {
      task.goOn();
      this.#stages.set(app, 'booting');
      return await work();
    } finally {
      this.#stages.delete(app);
      timer.cancel();
      end();
    }
  }

  /** null: it is not being brought up. */
  stageOf(app: string): BootStage | null {
    return this.#stages.get(app) ?? null;
  }
}
