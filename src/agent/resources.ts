// The named resources of which the app says when it takes and releases them (`readyFor`, `onTakedown`). Who may have one
// is decided by the cluster process. (worker)

import type { AgentMessage } from '../protocol/agent-link.ts';
import type { WorkerTask } from '../protocol/worker-calls.ts';
import { runTasks } from './run-tasks.ts';

const LONG = 2 ** 31 - 1;

export class Resources {
  readonly #send: (message: AgentMessage) => void;
  readonly #waiting = new Map<string, WorkerTask[]>();
  readonly #takedowns = new Map<string, WorkerTask[]>();
  /** Keeps the app from ending for lack of anything to do, as it would not if it had the resource. */
  #hold: NodeJS.Timeout | null = null;
  #releasing = 0;
  #state: 'open' | 'abandoned' | 'released' = 'open';
  /** Called after a resource has been released. */
  onReleased: () => void = () => {};

  constructor(send: (message: AgentMessage) => void) {
    this.#send = send;
  }

  /** Releases under way. */
  get releasing(): number {
    return this.#releasing;
  }

  readyFor(resource: string, task: WorkerTask): void {
    if (this.#state !== 'open') return;
    append(this.#waiting, resource, task);
    this.#hold ??= setInterval(() => {}, LONG);
    this.#send({ type: 'ready-for', resource });
  }

  onTakedown(resource: string, task: WorkerTask): void {
    append(this.#takedowns, resource, task);
    // It came too late to be asked.
    if (this.#state === 'released') void this.#release(resource);
  }

  /** It may be taken now. */
  grant(resource: string): void {
    for (const task of take(this.#waiting, resource)) process.nextTick(task);
    this.#endHold();
  }

  async #release(resource: string): Promise<void> {
    this.#releasing += 1;
    await runTasks(take(this.#takedowns, resource));
    this.#releasing -= 1;
    this.onReleased();
  }

  /** The worker drains: what it still waits for it will never get, so that it has nothing to release there either. */
  abandon(): void {
    this.#state = 'abandoned';
    for (const resource of this.#waiting.keys()) this.#takedowns.delete(resource);
    this.#waiting.clear();
    this.#endHold();
  }

  /** All that it has, once: no request needs it any more. */
  release(): void {
    if (this.#state === 'released') return;
    this.#state = 'released';
    for (const resource of [...this.#takedowns.keys()]) void this.#release(resource);
  }

  /** For a cluster process that has just come: what the app still waits for. */
  askAgain(): void {
    for (const resource of this.#waiting.keys()) this.#send({ type: 'ready-for', resource });
  }

  #endHold(): void {
    if (this.#waiting.size > 0 || this.#hold === null) return;
    clearInterval(this.#hold);
    this.#hold = null;
  }
}

function append(tasks: Map<string, WorkerTask[]>, resource: string, task: WorkerTask): void {
  const known = tasks.get(resource);
  if (known === undefined) tasks.set(resource, [task]);
  else known.push(task);
}

function take(tasks: Map<string, WorkerTask[]>, resource: string): readonly WorkerTask[] {
  const taken = tasks.get(resource) ?? [];
  tasks.delete(resource);
  return taken;
}
