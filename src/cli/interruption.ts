// CLI: what Ctrl-C does while an operation runs: the first one aborts the deploys that this command began, and waits
// until that is done; a second one leaves at once. The manager finishes by itself what is left.

import type { EvenkeelEvent } from '../core/events.ts';
import type { ControlClient } from '../platform/control-client.ts';
import type { Context } from './context.ts';
import type { ProgressDisplay } from './progress-display.ts';
import { deploysUnderWay, NO_PROGRESS, type ProgressModel, reduceProgress } from './progress-model.ts';

/**
 * An array: the deploys of these apps, also those that have not begun. 'begun': those that begin meanwhile, whichever
 * apps they are of. 'nothing': the manager goes on by itself.
 */
export type Aborts = readonly string[] | 'begun' | 'nothing';

/** How long an abort may take before this command gives up waiting for it, in milliseconds. */
const ABORT_TIMEOUT = 120_000;

/** Owns its listener and its timer; `end` gives them back. */
export class Interruption {
  readonly #client: ControlClient;
  readonly #aborts: Aborts;
  readonly #progress: ProgressDisplay;
  readonly #leave = new AbortController();
  readonly #forget: () => void;
  readonly #aborted = new Set<string>();
  #deadline: NodeJS.Timeout | null = null;
  #model: ProgressModel = NO_PROGRESS;
  #presses = 0;

  constructor(context: Context, client: ControlClient, aborts: Aborts, progress: ProgressDisplay) {
    this.#client = client;
    this.#aborts = aborts;
    this.#progress = progress;
    this.#forget = context.onInterrupt(() => this.#interrupt());
  }

  get happened(): boolean {
    return this.#presses > 0;
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
    if (this.happened && this.#aborts !== 'nothing') this.#abort(deploysUnderWay(this.#model));
  }

  end(): void {
    this.#forget();
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#leave.abort(new Error('the operation is over'));
  }

  #interrupt(): void {
    const aborts = this.#aborts;
    this.#presses += 1;
    if (this.#presses > 1 || aborts === 'nothing') {
      this.#progress.note('left; the manager goes on by itself (`evenkeel status` and `evenkeel events` show it)');
      this.#leave.abort(new Error('interrupted'));
      return;
    }
    this.#progress.note('aborting; Ctrl-C again leaves at once');
    this.#deadline = setTimeout(() => this.#leave.abort(new Error('the abort took too long')), ABORT_TIMEOUT);
    const ended = this.#model.filter((progress) => progress.end !== null).map((progress) => progress.app);
    this.#abort(aborts === 'begun' ? deploysUnderWay(this.#model) : aborts.filter((app) => !ended.includes(app)));
  }

  #abort(apps: readonly string[]): void {
    for (const app of apps.filter((name) => !this.#aborted.has(name))) {
      this.#aborted.add(app);
      void this.#abortOne(app);
    }
  }

  async #abortOne(app: string): Promise<void> {
    try {
      await this.#client.operate(`/v1/apps/${encodeURIComponent(app)}/abort`, {}, { signal: this.leave });
    } catch (error) {
      // The deploy may not have been there yet: then it is aborted when it shows.
      this.#aborted.delete(app);
      if (!this.left) this.#progress.note(`${app}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
