// The module `evenkeel/worker`: what a worker may tell evenkeel, and be told. It depends on Node alone, and outside of
// evenkeel, as in threads, its functions do nothing (but for `readyFor`, which calls back at once).

import { channel } from 'node:diagnostics_channel';
import { WORKER_CHANNEL, type WorkerCall } from './protocol/worker-calls.ts';

/** What a worker does when it is told to; where it gives a promise, that is waited for. */
export type Task = () => void | Promise<void>;

/**
 * Says that the worker is ready, where the config has `ready: { on: message }`; without effect elsewhere, and when it is
 * called again.
 *
 * @example
 * import { ready } from 'evenkeel/worker';
 * await connectToDatabase();
 * ready();
 */
export function ready(): void {
  tell({ call: 'ready' });
}

/**
 * Calls `task` when the worker is to end: it gets no more connections, and has finished all its requests. (Where it holds
 * WebSockets or raw connections, earlier, so that it can say goodbye to them.) When all tasks are done the worker ends,
 * whatever else it still has; at `stop.timeout` it is killed. One that fails is written to stderr, and the exit code is 1.
 *
 * @example
 * import { onShutdown } from 'evenkeel/worker';
 * onShutdown(() => database.end());
 */
export function onShutdown(task: Task): void {
  tell({ call: 'on-shutdown', task: checked(task, 'onShutdown') });
}

/**
 * Asks for a worker in the place of this one: it boots, and when it is ready this one drains and ends. Repeats are
 * ignored.
 *
 * @param reason - for people; shown in the events
 *
 * @example
 * import { requestReplacement } from 'evenkeel/worker';
 * if (cache.isCorrupt()) requestReplacement('the cache is corrupt');
 */
export function requestReplacement(reason?: string): void {
  tell({ call: 'request-replacement', reason: reason === undefined ? null : String(reason) });
}

/**
 * Says that the worker has booted as far as it can without `resource` (a port, a lock, a device: any name), and calls
 * `task` when it may take it. With `deploy: { strategy: handover }` that is when the generation before has finished its
 * requests and released it; else, and outside of evenkeel, at once.
 *
 * @example
 * import { onTakedown, readyFor } from 'evenkeel/worker';
 * readyFor('journal', () => journal.open());
 * onTakedown('journal', () => journal.close());
 */
export function readyFor(resource: string, task: Task): void {
  const run = checked(task, 'readyFor');
  if (!tell({ call: 'ready-for', resource: String(resource), task: run })) process.nextTick(run);
}

/**
 * Calls `task` when the worker has to release `resource`: when it drains and has finished its requests. (Where it holds
 * WebSockets or raw connections, earlier.) A promise is waited for. Called once, and not where `readyFor` has never given
 * the resource.
 */
export function onTakedown(resource: string, task: Task): void {
  tell({ call: 'on-takedown', resource: String(resource), task: checked(task, 'onTakedown') });
}

/** False: nobody is there to hear it. */
function tell(call: WorkerCall): boolean {
  const agent = channel(WORKER_CHANNEL);
  if (!agent.hasSubscribers) return false;
  agent.publish(call);
  return true;
}

/** A mistake should show where it was made, and also where evenkeel does not run. */
function checked(task: Task, name: string): Task {
  if (typeof task === 'function') return task;
  throw new TypeError(`${name}: the task must be a function, not ${task === null ? 'null' : typeof task}`);
}
