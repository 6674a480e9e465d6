// Manager: whether it stays or goes.

import { type Deferred, deferred } from '../core/deferred.ts';
import type { Lifecycle } from './context.ts';

export class ManagerLifecycle implements Lifecycle {
  readonly #finished: Deferred<void> = deferred();
  #stopping = false;

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Resolves when everything is stopped. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  begin(): void {
    this.#stopping = true;
  }

  cancel(): void {
    this.#stopping = false;
  }

  finish(): void {
    this.#finished.resolve();
  }
}
