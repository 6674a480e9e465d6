// Manager: operations that are under way, so that whoever began one may abort it: what it is at work on is given up, and
// what it has not come to is not begun.

import type { AppResult } from '../protocol/control-api.ts';
import type { Task, Work } from './app-lane.ts';
import { skipped } from './results.ts';

export class UnderWay {
  readonly #operations = new Map<number, RunningOperation>();
  #last = 0;

  /** Calls `run` with an operation that can be found by its number until that is done. Settles as it does. */
  async track<T>(run: (operation: RunningOperation, id: number) => Promise<T>): Promise<T> {
    this.#last += 1;
    const id = this.#last;
    const operation = new RunningOperation();
    this.#operations.set(id, operation);
    try {
      return await run(operation, id);
    } finally {
      this.#operations.delete(id);
    }
  }

  find(id: number): RunningOperation | null {
    return this.#operations.get(id) ?? null;
  }
}

type AppWork = Work<AppResult>;

export class RunningOperation {
  readonly #atWork = new Set<string>();
  readonly #begun = new Set<string>();
  readonly #undone = new Map<string, Promise<AppResult>>();
  #aborted = false;

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Whether it has begun its part of that app, by name or because another one needs it. */
  hasBegun(app: string): boolean {
    return this.#begun.has(app);
  }

  /**
   * Gives up what is being done. `undo` is called for each app that it is at work on; a result of action `stop` says that
   * the app, which did not run before, is stopped again.
   */
  async abort(undo: (app: string) => Promise<AppResult>): Promise<readonly AppResult[]> {
    this.#aborted = true;
    for (const app of this.#atWork) if (!this.#undone.has(app)) this.#undone.set(app, undo(app));
    return await Promise.all(this.#undone.values());
  }

  /** One app's part. `inTurn` calls the work when the app's turn has come. */
  async run(app: string, inTurn: (work: AppWork) => Promise<AppResult>, work: AppWork): Promise<AppResult> {
    const result = await inTurn((task) => this.#begin(app, work, task)).finally(() => this.#atWork.delete(app));
    const undone = await this.#undone.get(app);
    if (undone?.action !== 'stop') return result;
    return undone.ok
      ? { ...result, ok: false, message: 'aborted; it is stopped again', error: null }
      : { ...result, ok: false, message: `aborted, but not stopped: ${undone.message}`, error: undone.error };
  }

  /** What has been begun goes on until `inTurn` is done with it: it may ask the successor of a lost cluster process. */
  async #begin(app: string, work: AppWork, task: Task): Promise<AppResult> {
    if (this.#aborted) return skipped(app, 'not begun, for the command was aborted');
    this.#atWork.add(app);
    this.#begun.add(app);
    return await work(task);
  }
}
