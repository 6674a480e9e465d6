// Manager: what is done to one app, one task after the other. A stop comes first: what waits gives way to it, and what
// goes on is told to end.
//
//   stop        at once beside what goes on, then alone; told to end by nobody
//   revival     before all operations: they need the cluster process that it brings back
//   operation   in the order in which they came; one that waits when a stop comes never begins
//   reconcile   as an operation, but goes by what it finds: after a stop, it leaves the app stopped

import { EvenkeelError } from '../core/errors.ts';

export type TaskKind = 'stop' | 'revival' | 'operation' | 'reconcile';

/** Smaller ones first. */
const RANKS = { stop: 0, revival: 1, operation: 2, reconcile: 2 } as const satisfies Record<TaskKind, number>;

/** What a task knows of itself. */
export interface Task {
  /** Aborted when a stop wants its place. */
  readonly signal: AbortSignal;
  /** Before each step that would bring something up. Throws Superseded where a stop has come. */
  goOn(): void;
}

export type Work<T> = (task: Task) => Promise<T>;

/** A stop came before it could begin, or go on. */
export class Superseded extends EvenkeelError {
  constructor(app: string) {
    super('APP_STOPPED', `${app} was stopped meanwhile`, { hint: `\`evenkeel start ${app}\` starts it.` });
  }
}

interface Waiting {
  readonly kind: TaskKind;
  begin(): void;
  supersede(): void;
}

export class AppLane {
  readonly #app: string;
  readonly #waiting: Waiting[] = [];
  #current: AbortController | null = null;
  #closed: boolean = false;
  #untilStop = new AbortController();

  constructor(app: string) {
    this.#app = app;
  }

  /** Nothing goes on, and nothing waits. */
  get isIdle(): boolean {
    return this.#current === null && this.#waiting.length === 0;
  }

  /** Aborted when the next stop comes, or the lane is closed. */
  get untilStop(): AbortSignal {
    return this.#untilStop.signal;
  }

  /** Settles as the work does. Throws Superseded where a stop came before its turn. */
  run<T>(kind: Exclude<TaskKind, 'stop'>, work: Work<T>): Promise<T> {
    return this.#add(kind, work);
  }

  /**
   * Takes the place of what goes on and of what waits. `beside` is called at once if something goes on, and has to make it
   * end; `work` follows when both have, with what `beside` gave.
   */
  stop<B, T>(beside: () => Promise<B>, work: (before: B | null) => Promise<T>): Promise<T> {
    this.#untilStop.abort();
    this.#untilStop = new AbortController();
    const superseded = this.#waiting.filter(({ kind }) => kind === 'revival' || kind === 'operation');
    for (const task of superseded) this.#waiting.splice(this.#waiting.indexOf(task), 1);
    for (const task of superseded) task.supersede();
    const hastened = this.#current === null ? null : beside();
    // It is told when its turn has come.
    hastened?.catch(() => {});
    this.#current?.abort();
    return this.#add('stop', async () => await work(await hastened));
  }

  /** What goes on is told to end, and nothing else begins. */
  close(): void {
    this.#closed = true;
    this.#untilStop.abort();
    this.#current?.abort();
    for (const task of this.#waiting.splice(0)) task.supersede();
  }

  #add<T>(kind: TaskKind, work: Work<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Superseded(this.#app));
    return new Promise<T>((resolve, reject) => {
      const later = this.#waiting.findIndex((other) => RANKS[other.kind] > RANKS[kind]);
      this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, {
        kind,
        begin: () => void this.#perform(work).then(resolve, reject),
        supersede: () => reject(new Superseded(this.#app)),
      });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current === null) this.#waiting.shift()?.begin();
  }

  async #perform<T>(work: Work<T>): Promise<T> {
    const ending = new AbortController();
    this.#current = ending;
    const { signal } = ending;
    const goOn = (): void => {
      if (signal.aborted) throw new Superseded(this.#app);
    };
    try {
      return await work({ signal, goOn });
    } finally {
      this.#current = null;
      this.#next();
    }
  }
}
