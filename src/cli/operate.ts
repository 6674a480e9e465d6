// CLI: has the manager do something, shows how it goes, and turns the result into an outcome. Ctrl-C aborts the deploys
// that this command began and then tells how that ended; a second one leaves at once.

import { exitCodeOf } from '../client/operation-outcome.ts';
import { EvenkeelError, EXIT } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { ControlClient } from '../platform/control-client.ts';
import { portHolder } from '../platform/socket-holder.ts';
import type { OperationResult } from '../protocol/control-api.ts';
import type { Outcome, ResultOutcome } from './command.ts';
import type { Context } from './context.ts';
import { EarlyFailures } from './early-failures.ts';
import { Interruption, type OnInterrupt } from './interruption.ts';
import { viewOperation } from './operation-view.ts';
import { createProgress } from './progress-display.ts';

export interface Step {
  readonly path: string;
  readonly body: unknown;
  /** For whoever leaves it: "the restart of web". */
  readonly what?: string;
}

export interface Operation {
  /** POSTs, one after the other. */
  readonly steps: readonly Step[];
  /** Ctrl-C: 'begun' is aborted; 'nothing': the manager goes on with the step that is under way. */
  readonly aborts: 'begun' | 'nothing';
  /** It goes on trying where a new worker fails: why that did is told at once. */
  readonly goesOnTrying?: boolean;
}

/** The first steps are not undone when a later one fails. Throws what the manager refuses. */
export async function operate(context: Context, client: ControlClient, operation: Operation): Promise<Outcome> {
  // No wait from here to the interruption: without a listener Ctrl-C ends this process, and nobody is told what goes on.
  const progress = createProgress(context);
  let current = 0;
  const rule: OnInterrupt =
    operation.aborts === 'begun' ? { kind: 'abort' } : { kind: 'leave', left: () => describeLeft(operation, current) };
  const interrupt = new Interruption(context, client, rule, progress);
  const failures = operation.goesOnTrying && !context.globals.quiet ? new EarlyFailures(client, progress) : null;
  const onEvent = (event: EvenkeelEvent): void => {
    progress.show(event);
    interrupt.hear(event);
    failures?.hear(event);
  };
  try {
    const results: OperationResult[] = [];
    for (const [index, { path, body }] of operation.steps.entries()) {
      if (interrupt.happened) break;
      current = index;
      results.push(await client.operate(path, body, { ...interrupt.options, onEvent }));
    }
    await failures?.end();
    progress.close();
    const result = merge(results);
    const outcome = report(context, result);
    if (!interrupt.happened) return outcome;
    const isAllDone = result.ok && results.length === operation.steps.length;
    // What is done is not undone: another exit code would say so.
    if (isAllDone) return { ...outcome, errorText: `interrupted, but it was too late: ${describeDone(result)}\n` };
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

function describeDone({ apps }: OperationResult): string {
  const isWhole = apps.every(({ deploy }) => (deploy?.afterFailure ?? null) === null);
  return isWhole ? 'all of it was done' : 'all of it was done but for the hooks that follow a deploy';
}

function describeLeft({ steps }: Operation, current: number): string {
  const what = (step: Step | undefined): string => step?.what ?? 'what was begun';
  const rest = steps.slice(current + 1).map(what);
  const after = rest.length === 0 ? '' : `; not begun: ${rest.join(', ')}`;
  return `interrupted, but ${what(steps[current])} goes on by itself${after}`;
}

/** A result for people, or as JSON. */
export function report(context: Context, result: OperationResult): ResultOutcome {
  const { out, err, globals } = context;
  const view = viewOperation(result, {
    ...{ out: out.style, err: err.style, together: out.isTTY && err.isTTY },
    holderOf: portHolder,
  });
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
