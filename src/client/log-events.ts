// Tells a logger of the user's everything that happens, for as long as the program runs, also across managers.

import { setTimeout as sleep } from 'node:timers/promises';
import { describeEvent } from '../core/describe-event.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { ControlClient } from '../platform/control-client.ts';

/** As pino and bunyan have it; `console` will do. */
export interface Logger {
  info(event: EvenkeelEvent, message: string): void;
  warn(event: EvenkeelEvent, message: string): void;
  error(event: EvenkeelEvent, message: string): void;
}

/** Until a manager that ended is looked for again. */
const PAUSE = 1_000;
/** So many past events are asked for: what happened while there was no connection. */
const CATCH_UP = 1_000;

/** What has happened since `since` (ISO 8601). Keeps no program alive; rejects with what the logger throws. */
export async function logEvents(
  client: ControlClient,
  logger: Logger,
  since: string,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>();
  while (!signal.aborted) {
    try {
      for await (const event of client.events({ n: CATCH_UP, follow: true, signal, background: true })) {
        if (event.time < since || !remember(seen, JSON.stringify(event))) continue;
        logger[levelOf(event)](event, describeEvent(event));
      }
    } catch (error) {
      // No manager just now is told by the commands of the program.
      if (!signal.aborted && !(error instanceof EvenkeelError)) throw error;
    }
    await sleep(PAUSE, null, { ref: false, signal }).catch(() => null);
  }
}

/** False: it was there already. */
function remember(seen: Set<string>, event: string): boolean {
  if (seen.has(event)) return false;
  seen.add(event);
  const [oldest] = seen;
  if (seen.size > CATCH_UP && oldest !== undefined) seen.delete(oldest);
  return true;
}

export function levelOf(event: EvenkeelEvent): 'info' | 'warn' | 'error' {
  switch (event.type) {
    case 'config-invalid':
    case 'reload-refused':
    case 'cluster-lost':
    case 'worker-gave-up':
      return 'error';
    case 'worker-exited':
      return event.expected ? 'info' : 'error';
    case 'deploy-finished':
      return event.outcome === 'done' ? 'info' : 'error';
    case 'reload-finished':
      return event.ok ? 'info' : 'error';
    case 'state-problem':
    case 'record-problem':
      return event.problem === null ? 'info' : 'error';
    case 'worker-backoff':
    case 'log-problem':
    case 'state-repaired':
    case 'events-skipped':
      return 'warn';
    default:
      return 'info';
  }
}
