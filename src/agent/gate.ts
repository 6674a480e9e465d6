// The listen gate: while it is shut, calls of server.listen are held. (worker)

import type { Server } from 'node:net';
import { type HeldListen, holdListen } from './hold-listen.ts';

type GateState =
  | { readonly kind: 'shut'; readonly held: { readonly listen: HeldListen; readonly proceed: () => void }[] }
  | { readonly kind: 'open' };

export class Gate {
  #state: GateState;

  constructor(shut: boolean) {
    this.#state = shut ? { kind: 'shut', held: [] } : { kind: 'open' };
  }

  /** True: `proceed` runs when the gate opens, unless the server was closed by then. False: the gate is open. */
  hold(server: Server, proceed: () => void): boolean {
    if (this.#state.kind === 'open') return false;
    this.#state.held.push({ listen: holdListen(server), proceed });
    return true;
  }

  open(): void {
    const state = this.#state;
    this.#state = { kind: 'open' };
    if (state.kind === 'open') return;
    for (const { listen, proceed } of state.held) {
      if (listen.release()) proceed();
    }
  }

  /** What is held will never listen. */
  abandon(): void {
    this.#state = { kind: 'shut', held: [] };
  }
}
