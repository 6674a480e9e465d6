// CLI: has the manager do something, shows how it goes, and turns the result into an outcome. Ctrl-C aborts the deploys
// that this command began and then tells how that ended; a second one leaves at once.

import { exitCodeOf } from '../client/operation-outcome.ts';
import { EvenkeelError, EXIT } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { ControlClient } from '../platform/control-client.ts';
import type { OperationResult } from '../protocol/control-api.ts';
import type { Outcome, ResultOutcome } from './command.ts';
import type { Context } from './context.ts';
import { EarlyFailures } from './early-failures.ts';
import { type Aborts, Interruption } from './interruption.ts';
import { viewOperation } from './operation-view.ts';
import { createProgress } from './progress-display.ts';

export interface Operation {
  /** POSTs, one after the other. */
  readonly steps: readonly { readonly path: string; readonly body: unknown }[];
  /** What Ctrl-C aborts. */
  readonly aborts: Aborts;
  /** It goes on trying where a new worker fails: why that did is told at once. */
  readonly goesOnTrying?: boolean;
}

/** The first steps are not undone when a later one fails. Throws what the manager refuses. */
export async function operate(context: Context, client: ControlClient, operation: Operation): Promise<Outcome> {
  const progress = await createProgress(context);
  const interrupt = new Interruption(context, client, operation.aborts, progress);
  const failures = operation.goesOnTrying && !context.globals.quiet ? new EarlyFailures(client, progress) : null;
  const onEvent = (event: EvenkeelEvent): void => {
    progress.show(event);
    failures?.hear(event);
  };
  try {
    const results: OperationResult[] = [];
    for (const { path, body } of operation.steps) {
      if (interrupt.happened) break;
      results.push(await client.operate(path, body, { ...interrupt.options, onEvent }));
    }
    await failures?.end();
    progress.close();
    const result = merge(results);
    const outcome = report(context, result);
    if (!interrupt.happened) return outcome;
    const isAllDone = result.ok && results.length === operation.steps.length;
    // What is done is not undone: another exit code would say so.
    if (isAllDone) return { ...outcome, errorText: 'interrupted, but it was too late: all of it was done\n' };
    return { ...outcome, exit: EXIT.interrupted };
  } catch (error) {
    progress.close();
    if (!interrupt.happened) throw error;
    if (error instanceof EvenkeelError && !interrupt.left) context.err.write(`${error.message}\n`);
    return { kind: 'streamed', exit: EXIT.interrupted };
  } finally {
    progress.close();
    interrupt.end();
  }
}

function report(context: Context, result: OperationResult): ResultOutcome {
  const { out, err, globals } = context;
  const view = viewOperation(result, { out: out.style, err: err.style, together: out.isTTY && err.isTTY });
  return {
    kind: 'result',
    exit: exitCodeOf(result),
    document: result,
    text: globals.quiet && result.ok ? '' : view.out,
    errorText: view.err,
  };
}

function merge(results: readonly OperationResult[]): OperationResult {
  return {
    ok: results.every((result) => result.ok),
    apps: results.flatMap((result) => result.apps),
    notices: results.flatMap((result) => result.notices),
    durationMs: results.reduce((sum, result) => sum + result.durationMs, 0),
  };
}
