// CLI: has a manager bring apps up: one that is started for it, here or in the background, or one that runs.

import { untilAnswered } from '../client/await-manager.ts';
import { anewOf, startManager } from '../client/start-manager.ts';
import { EvenkeelError, EXIT } from '../core/errors.ts';
import type { EcosystemSpec } from '../core/spec.ts';
import { ControlClient } from '../platform/control-client.ts';
import { stateLayout } from '../platform/paths.ts';
import type { StartBody } from '../protocol/control-api.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { describeError } from './describe-error.ts';
import { operate } from './operate.ts';

/** With a manager that is started for it. */
export async function startManaged(
  context: Context,
  spec: EcosystemSpec,
  body: StartBody,
  foreground: boolean,
): Promise<Outcome> {
  if (!foreground) return startDetached(context, spec, body);
  const { runInForeground } = await import('./run-in-foreground.ts');
  return runInForeground(context, spec, body);
}

async function startDetached(context: Context, spec: EcosystemSpec, body: StartBody): Promise<Outcome> {
  const client = new ControlClient(stateLayout(spec.stateDir).managerSocket);
  try {
    const started = await startManager(context, spec, { foreground: false, ...anewOf(body) });
    if (started === null) return { kind: 'streamed', exit: EXIT.interrupted };
    const { report, interrupted } = started;
    say(context, `manager started (pid ${report.pid})`);
    if (report.config !== null) context.err.write(describeError(report.config, context.cwd, context.err.style));
    if (interrupted) {
      say(context, 'interrupted: no app was brought up; `evenkeel stop` stops the manager');
      return { kind: 'streamed', exit: EXIT.interrupted };
    }
  } catch (error) {
    // Another `evenkeel start` was quicker.
    if (!(error instanceof EvenkeelError) || error.code !== 'MANAGER_RUNS') throw error;
    await untilAnswered(client);
  }
  return start(context, client, body);
}

/** By a manager that runs. */
export function start(context: Context, client: ControlClient, body: StartBody): Promise<Outcome> {
  return operate(context, client, { steps: [{ path: '/v1/start', body }], aborts: 'begun' });
}

/** Something that is no result. */
export function say({ globals, err }: Context, line: string): void {
  if (!globals.json) err.write(`${line}\n`);
}
