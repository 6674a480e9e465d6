// Manager: who deploys an app, from the moment the command is accepted: of many that come at once, one wins. The cluster
// process knows of the deploy only once it has been asked.

import type { Generation } from '../core/status.ts';

export class DeployClaim {
  /** What the deploy will be, as far as is known before the cluster process gives it its number. */
  readonly generation: Generation;
  #state: 'waiting' | 'begun' | 'aborted' = 'waiting';

  constructor(generation: Generation) {
    this.generation = generation;
  }

  /** Called right before the cluster process is asked; false: it was aborted before that. */
  begin(): boolean {
    if (this.#state === 'aborted') return false;
    this.#state = 'begun';
    return true;
  }

  /** True: it had not begun, and will not. False: it is for the cluster process to abort. */
  abort(): boolean {
    if (this.#state === 'begun') return false;
    this.#state = 'aborted';
    return true;
  }
}

export class DeployClaims {
  readonly #claims = new Map<string, DeployClaim>();

  of(app: string): DeployClaim | null {
    return this.#claims.get(app) ?? null;
  }

  /** null: somebody else has it. */
  take(app: string, generation: Generation): DeployClaim | null {
    if (this.#claims.has(app)) return null;
    const claim = new DeployClaim(generation);
    this.#claims.set(app, claim);
    return claim;
  }

  release(app: string, claim: DeployClaim): void {
    if (this.#claims.get(app) === claim) this.#claims.delete(app);
  }
}
