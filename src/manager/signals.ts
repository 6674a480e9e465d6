// Manager: what signals mean to it. SIGHUP reloads, SIGUSR2 (or what the config says: `deploySignal`) deploys everything,
// SIGTERM and SIGINT stop everything and then the manager; a second one of these does it at once.

import { EvenkeelError } from '../core/errors.ts';
import type { Milliseconds } from '../core/spec.ts';
import { endsWithin } from '../logs/within.ts';
import type { OperationResult } from '../protocol/control-api.ts';
import type { ManagerContext } from './context.ts';
import { deploy } from './operations/deploy.ts';
import { reload } from './operations/reload.ts';
import { stop } from './operations/stop.ts';
import { stopApp } from './steps/stop-app.ts';

/** How long a forced stop may take before the manager leaves what is left. */
const FORCE_TIMEOUT: Milliseconds = 10_000;

/** All that the manager listens to. One that means nothing just now is taken and ignored: it must not end the manager. */
export const MANAGER_SIGNALS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGINT'] as const;
export type ManagerSignal = (typeof MANAGER_SIGNALS)[number];

/** What a manager of an earlier version has not written into its state. */
const USUAL_DEPLOY_SIGNAL = 'SIGUSR2';

/** `leave` is called where the manager is to end although something may be left running. */
export function signalHandler(context: ManagerContext, leave: () => void): (signal: ManagerSignal) => void {
  let stops = 0;
  const stopAll = (): void => {
    stops += 1;
    if (stops === 1) void stopGracefully(context, leave);
    else if (stops === 2) void forceStop(context).then(leave);
  };
  return (signal) => {
    const { deploySignal = USUAL_DEPLOY_SIGNAL } = context.fleet.state.ecosystem ?? {};
    if (signal === 'SIGTERM' || signal === 'SIGINT') stopAll();
    else if (signal === deploySignal) void report(context, signal, () => deploy(context, null, {}));
    else if (signal === 'SIGHUP') void report(context, signal, () => reload(context));
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

/** Beside whatever goes on: workers have no time left. */
async function forceStop({ fleet }: ManagerContext): Promise<void> {
  await endsWithin(FORCE_TIMEOUT, Promise.all(fleet.names.map((name) => stopApp(fleet, name, 0, []))));
}
