// Pure: an event as one line for people, without its time. Used by the CLI and by a manager in the foreground.

import { describeLoss } from './describe-loss.ts';
import { describePhase } from './describe-phase.ts';
import type { EvenkeelEvent } from './events.ts';
import { humanDuration } from './human-duration.ts';

/** "web: worker 1 ready (pid 123, 240 ms)". */
export function describeEvent(event: EvenkeelEvent): string {
  return 'app' in event ? `${event.app}: ${describeAppEvent(event)}` : describeManagerEvent(event);
}

type OfApp = Extract<EvenkeelEvent, { readonly app: string }>;

function describeAppEvent(event: OfApp): string {
  switch (event.type) {
    case 'app-state':
      return `${event.state} (was ${event.previous})`;
    case 'scaled':
      return `workers ${event.from} → ${event.to}`;
    case 'applied-live':
      return `applied live: ${event.keys.join(', ')}`;
    case 'deploy-started':
      return `generation ${event.generation} begins (${event.strategy}): ${event.reason}`;
    case 'deploy-phase':
      return describePhase(event);
    case 'deploy-finished':
      return describeFinish(event);
    case 'hook-output':
      return `[${event.hook}] ${event.line}`;
    case 'log-problem':
      return `log of ${event.stream}: ${event.message}`;
    case 'record-problem':
      return describeWriting(event);
    case 'cluster-started':
      return `cluster process started (pid ${event.pid})`;
    case 'cluster-adopted':
      return `cluster process adopted (pid ${event.pid})`;
    case 'cluster-lost':
      return `cluster process lost (pid ${event.pid})`;
    case 'cluster-failed':
      return `${event.reason}; tried again in ${humanDuration(event.delayMs)}`;
    case 'listen-failed':
      return `${event.reason}; ${event.delayMs === null ? 'not tried again' : `tried again in ${humanDuration(event.delayMs)}`}`;
    case 'sockets-taken':
      return `the manager keeps ${event.addresses.join(', ')} open from now on`;
    default:
      return `worker ${event.slot} ${describeWorkerEvent(event)}`;
  }
}

type OfSlot = Extract<OfApp, { readonly slot: number }>;

function describeWorkerEvent(event: OfSlot): string {
  switch (event.type) {
    case 'worker-started':
      return `started${facts(event, `generation ${event.generation}`)}`;
    case 'worker-ready':
      return `ready${facts(event, humanDuration(event.bootMs))}`;
    case 'addresses-missing':
      return `does not listen on ${event.addresses.join(', ')}${facts(event)}, as the worker does that it replaces`;
    case 'worker-adopted':
      return `adopted${facts(event, `generation ${event.generation}`)}`;
    case 'worker-draining':
      return `draining${facts(event)}: ${event.reason}`;
    case 'worker-exited':
      // The reason of one that was not asked for is how it ended: "exited with code 1".
      return event.expected ? `stopped${endOf(event)}: ${event.reason}` : `${event.reason}${facts(event)}`;
    case 'worker-recycle':
      return `is to be replaced${facts(event)}: ${event.reason}`;
    case 'worker-backoff':
      return `starts again in ${humanDuration(event.delayMs)} (${failures(event.failures)})`;
    case 'worker-gave-up':
      return `is not started again (${failures(event.failures)})`;
  }
}

function endOf(event: Extract<OfApp, { readonly type: 'worker-exited' }>): string {
  return event.code === null || event.code === 0 ? facts(event) : facts(event, `exit code ${event.code}`);
}

/** " (pid 123, 240 ms)"; one that has no process has no pid. */
function facts({ pid }: { readonly pid: number }, ...others: readonly string[]): string {
  const known = pid === 0 ? others : [`pid ${pid}`, ...others];
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}

function describeFinish(event: Extract<OfApp, { readonly type: 'deploy-finished' }>): string {
  const took = humanDuration(event.durationMs);
  if (event.outcome === 'done') return `generation ${event.generation} done in ${took}: ${describeLoss(event.loss)}`;
  return `generation ${event.generation} ${event.outcome} after ${took}: ${event.reason}`;
}

export function failures(count: number): string {
  return count === 1 ? '1 quick failure' : `${count} quick failures in a row`;
}

function describeInvalid(problems: number): string {
  // Not a word of it was read: it is not there, or takes too long.
  if (problems === 0) return 'the config cannot be read (evenkeel check says why); nothing was changed';
  const count = problems === 1 ? '1 problem' : `${problems} problems`;
  return `the config has ${count} (evenkeel check lists them); nothing was changed`;
}

function describeWriting({ file, problem }: { readonly file: string; readonly problem: string | null }): string {
  return problem === null ? `${file} is written again` : `${file} cannot be written, and is tried again: ${problem}`;
}

function describeManagerEvent(event: Exclude<EvenkeelEvent, OfApp>): string {
  switch (event.type) {
    case 'manager-started':
      return `manager started (pid ${event.pid}, version ${event.version})`;
    case 'manager-stopped':
      return `manager stopped: ${event.reason}`;
    case 'config-invalid':
      return describeInvalid(event.problems);
    case 'reload-started':
      return 'reload begins';
    case 'reload-refused':
      return `reload refused: ${event.reason}`;
    case 'reload-finished':
      return `reload ${event.ok ? 'done' : 'failed'}, ${event.changes === 1 ? '1 change' : `${event.changes} changes`}`;
    case 'state-repaired':
      return `state repaired: ${event.file}: ${event.message}`;
    case 'state-problem':
      return describeWriting(event);
    case 'events-skipped':
      return `${event.events === 1 ? '1 event is' : `${event.events} events are`} missing here: they came faster than they were read`;
  }
}
