// CLI: has the manager do something, shows how it goes, and turns the result into an outcome. Ctrl-C aborts the deploys
// that this command began and then tells how that ended; a second one leaves at once.

import { EXIT, EvenkeelError } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { ControlClient } from '../platform/control-client.ts';
import type { OperationResult } from '../protocol/control-api.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { exitCodeOf, viewOperation } from './operation-view.ts';
import { createProgress, type ProgressDisplay } from './progress-display.ts';
import { deploysUnderWay, NO_PROGRESS, type ProgressModel, reduceProgress } from './progress-model.ts';

export interface Operation {
  /** POSTs, one after the other. */
  readonly steps: readonly { readonly path: string; readonly body: unknown }[];
  /**
   * What Ctrl-C aborts. An array: the deploys of these apps, also those that have not begun; 'begun': those that
   * begin meanwhile, whichever apps they are of; 'nothing': the manager goes on by itself.
   */
  readonly aborts: readonly string[] | 'begun' | 'nothing';
}

/** How long an abort may take before this command gives up waiting for it, in milliseconds. */
const ABORT_TIMEOUT = 120_000;

/** The first steps are not undone when a later one fails. Throws what the manager refuses. */
export async function operate(context: Context, client: ControlClient, operation: Operation): Promise<Outcome> {
  const progress = await createProgress(context);
  const interrupt = new Interruption(context, client, operation, progress);
  try {
    const results: OperationResult[] = [];
    for (const { path, body } of operation.steps) {
      if (interrupt.happened) break;
      results.push(await client.operate(path, body, { onEvent: (event) => interrupt.show(event), signal: interrupt.leave }));
    }
    progress.close();
    const outcome = report(context, merge(results));
    return interrupt.happened ? { ...outcome, exit: EXIT.interrupted } : outcome;
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

function report(context: Context, result: OperationResult): Outcome {
  const { out, err, globals } = context;
  const view = viewOperation(result, { out: out.style, err: err.style });
  if (!globals.json) err.write(view.err);
  return { kind: 'result', exit: exitCodeOf(result), document: result, text: view.out };
}

function merge(results: readonly OperationResult[]): OperationResult {
  return {
    ok: results.every((result) => result.ok),
    apps: results.flatMap((result) => result.apps),
    notices: results.flatMap((result) => result.notices),
    durationMs: results.reduce((sum, result) => sum + result.durationMs, 0),
  };
}

/** What Ctrl-C does while an operation runs. Owns its listener and its timer; `end` gives them back. */
class Interruption {
  readonly #client: ControlClient;
  readonly #operation: Operation;
  readonly #progress: ProgressDisplay;
  readonly #leave = new AbortController();
  readonly #forget: () => void;
  readonly #aborted = new Set<string>();
  #deadline: NodeJS.Timeout | null = null;
  #model: ProgressModel = NO_PROGRESS;
  happened = false;

  constructor(context: Context, client: ControlClient, operation: Operation, progress: ProgressDisplay) {
    this.#client = client;
    this.#operation = operation;
    this.#progress = progress;
    this.#forget = context.onInterrupt(() => this.#interrupt());
  }

  /** Aborted when there is no more waiting for the result. */
  get leave(): AbortSignal {
    return this.#leave.signal;
  }

  get left(): boolean {
    return this.#leave.signal.aborted;
  }

  show(event: EvenkeelEvent): void {
    this.#model = reduceProgress(this.#model, event);
    this.#progress.show(event);
    if (this.happened && this.#operation.aborts !== 'nothing') this.#abort(deploysUnderWay(this.#model));
  }

  end(): void {
    this.#forget();
    if (this.#deadline !== null) clearTimeout(this.#deadline);
  }

  #interrupt(): void {
    const { aborts } = this.#operation;
    if (this.happened || aborts === 'nothing') {
      this.#progress.note('left; the manager goes on by itself (`evenkeel status` and `evenkeel events` show it)');
      this.happened = true;
      this.#leave.abort(new Error('interrupted'));
      return;
    }
    this.happened = true;
    this.#progress.note('aborting; Ctrl-C again leaves at once');
    this.#deadline = setTimeout(() => this.#leave.abort(new Error('the abort took too long')), ABORT_TIMEOUT);
    const ended = this.#model.filter((progress) => progress.end !== null).map((progress) => progress.app);
    this.#abort(aborts === 'begun' ? deploysUnderWay(this.#model) : aborts.filter((app) => !ended.includes(app)));
  }

  #abort(apps: readonly string[]): void {
    for (const app of apps.filter((name) => !this.#aborted.has(name))) {
      this.#aborted.add(app);
      this.#client.operate(`/v1/apps/${encodeURIComponent(app)}/abort`, {}, { signal: this.leave }).catch((error) => {
        if (!this.left) this.#progress.note(`${app}: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  }
}
