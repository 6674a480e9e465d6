// Manager: who deploys an app, from the moment the command is accepted: of many that come at once, one wins. The cluster
// process knows of the deploy only once it has been asked.

export class DeployClaim {
  #state: 'waiting' | 'begun' | 'aborted' = 'waiting';

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
  take(app: string): DeployClaim | null {
    if (this.#claims.has(app)) return null;
    const claim = new DeployClaim();
    this.#claims.set(app, claim);
    return claim;
  }

  release(app: string, claim: DeployClaim): void {
    if (this.#claims.get(app) === claim) this.#claims.delete(app);
  }
}
