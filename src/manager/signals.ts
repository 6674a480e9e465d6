// Manager: what signals mean to it. SIGHUP reloads, SIGUSR2 deploys everything, SIGTERM and SIGINT stop everything and
// then the manager; a second one of these does it at once.

import { EvenkeelError } from '../core/errors.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { OperationResult } from '../protocol/control-api.ts';
import type { ManagerContext } from './context.ts';
import { deploy } from './operations/deploy.ts';
import { reload } from './operations/reload.ts';
import { stop } from './operations/stop.ts';

/** How long a forced stop may take before the manager leaves what is left. */
const FORCE_TIMEOUT: Milliseconds = 10_000;

export interface SignalHandlers {
  reload(): void;
  deployAll(): void;
  stop(): void;
}

/** `leave` is called where the manager is to end although something may be left running. */
export function signalHandlers(context: ManagerContext, leave: () => void): SignalHandlers {
  let stops = 0;
  return {
    reload: () => void report(context, 'SIGHUP', () => reload(context)),
    deployAll: () => void report(context, 'SIGUSR2', () => deploy(context, null, {})),
    stop() {
      stops += 1;
      if (stops === 1) void stopGracefully(context, leave);
      else if (stops === 2) void forceStop(context).then(leave);
    },
  };
}

/** Nobody waits for an answer: what fails goes to manager.out. Null: it was refused. */
async function report(
  { fleet }: ManagerContext,
  what: string,
  operation: () => Promise<OperationResult>,
): Promise<OperationResult | null> {
  try {
    const result = await operation();
    for (const app of result.apps) if (!app.ok) fleet.complain(`${what}: ${app.app}: ${app.message}`);
    return result;
  } catch (error) {
    fleet.complain(error instanceof EvenkeelError ? `${what}: ${error.message}` : error);
    return null;
  }
}

/** A command that stops everything may have been first: then that decides. */
async function stopGracefully(context: ManagerContext, leave: () => void): Promise<void> {
  const result = await report(context, 'stop', () => stop(context, null, null));
  if (result?.ok === false) leave();
}

/** Past every queue: workers have no time left. */
async function forceStop({ fleet }: ManagerContext): Promise<void> {
  const stops = fleet.names.map((name) =>
    fleet
      .handle(name)
      .stop(0, FORCE_TIMEOUT)
      .catch(() => undefined),
  );
  await Promise.all(stops);
}
