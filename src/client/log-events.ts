// Tells a logger of the user's everything that happens, for as long as the program runs, also across managers.

import { setTimeout as sleep } from 'node:timers/promises';
import { describeEvent } from '../core/describe-event.ts';
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

/** Keeps no program alive. */
export function logEvents(client: ControlClient, logger: Logger, signal: AbortSignal): void {
  void follow(client, logger, signal);
}

async function follow(client: ControlClient, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of client.events({ n: 0, follow: true, signal, background: true })) {
        logger[levelOf(event)](event, describeEvent(event));
      }
    } catch {
      // No manager just now: the commands of the program say so.
    }
    await sleep(PAUSE, null, { ref: false, signal }).catch(() => null);
  }
}

export function levelOf(event: EvenkeelEvent): 'info' | 'warn' | 'error' {
  switch (event.type) {
    case 'config-invalid':
    case 'cluster-lost':
    case 'worker-gave-up':
      return 'error';
    case 'worker-exited':
      return event.expected ? 'info' : 'error';
    case 'deploy-finished':
      return event.outcome === 'done' ? 'info' : 'error';
    case 'reload-finished':
      return event.ok ? 'info' : 'error';
    case 'worker-backoff':
    case 'log-problem':
    case 'state-repaired':
      return 'warn';
    default:
      return 'info';
  }
}
