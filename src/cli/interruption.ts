// CLI: what Ctrl-C does while an operation runs: the first one has the manager abort what the operation has begun, and waits
// until that is done, but not for what is too late to abort; a second one leaves at once. The manager finishes by itself
// what is left.

import { EvenkeelError } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import type { ControlClient, OperateOptions } from '../platform/control-client.ts';
import type { Context } from './context.ts';
import type { ProgressDisplay } from './progress-display.ts';

/** What Ctrl-C makes of an operation. */
export type OnInterrupt =
  /** What it has begun is aborted, and what it has not come to is not begun. */
  | { readonly kind: 'abort' }
  /** The manager goes on with it. `left`: what goes on, and what is not begun, for people. */
  | { readonly kind: 'leave'; left(): string };

/** How long an abort may take before this command gives up waiting for it, in milliseconds. */
const ABORT_TIMEOUT = 120_000;

/** Owns its listener and its timer; `end` gives them back. */
export class Interruption {
  readonly #client: ControlClient;
  readonly #rule: OnInterrupt;
  readonly #progress: ProgressDisplay;
  readonly #leave = new AbortController();
  readonly #forget: () => void;
  /** The number that the manager gave the operation; null: it has not said so yet. */
  #operation: number | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #presses = 0;
  /** Deploys under way, by app. Committed: the new workers serve for good, while the last old ones retire. */
  readonly #deploys = new Map<string, 'open' | 'committed'>();
  /** The manager has given up what it could. */
  #aborted = false;

  constructor(context: Context, client: ControlClient, rule: OnInterrupt, progress: ProgressDisplay) {
    this.#client = client;
    this.#rule = rule;
    this.#progress = progress;
    this.#forget = context.onInterrupt(() => this.#interrupt());
  }

  get happened(): boolean {
    return this.#presses > 0;
  }

  get left(): boolean {
    return this.#leave.signal.aborted;
  }

  /** For the operation that may be interrupted. */
  get options(): OperateOptions {
    return {
      signal: this.#leave.signal,
      onAccepted: (operation) => {
        this.#operation = operation;
        if (this.happened) void this.#abort(operation);
      },
    };
  }

  hear(event: EvenkeelEvent): void {
    if (event.type === 'deploy-started') this.#deploys.set(event.app, 'open');
    if (event.type === 'deploy-phase') this.#deploys.set(event.app, event.committed ? 'committed' : 'open');
    if (event.type === 'deploy-finished') this.#deploys.delete(event.app);
    if (this.#aborted) this.#leaveIfLate();
  }

  end(): void {
    this.#forget();
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#leave.abort(new Error('the operation is over'));
  }

  #interrupt(): void {
    this.#presses += 1;
    if (this.#presses > 1 || this.#rule.kind === 'leave') {
      const left = this.#rule.kind === 'leave' ? this.#rule.left() : 'the manager goes on with the abort by itself';
      this.#progress.note(`${left} (\`evenkeel status\` and \`evenkeel events\` show it)`);
      this.#leave.abort(new Error('interrupted'));
      return;
    }
    if (!this.#isTooLate) this.#progress.note('aborting; Ctrl-C again leaves at once');
    this.#deadline = setTimeout(() => this.#leave.abort(new Error('the abort took too long')), ABORT_TIMEOUT);
    if (this.#operation !== null) void this.#abort(this.#operation);
  }

  get #isTooLate(): boolean {
    return this.#deploys.size > 0 && [...this.#deploys.values()].every((stage) => stage === 'committed');
  }

  /** Nothing else is under way: there is nothing to wait for, and old workers are not hurried for somebody who leaves. */
  #leaveIfLate(): void {
    if (!this.#isTooLate || this.left) return;
    const apps = [...this.#deploys.keys()].join(', ');
    this.#progress.note(`too late for ${apps}: the new workers serve, and the old ones finish by themselves`);
    this.#leave.abort(new Error('interrupted'));
  }

  async #abort(operation: number): Promise<void> {
    try {
      await this.#client.operate('/v1/abort', { operation }, { signal: this.#leave.signal });
    } catch (error) {
      // It has just ended by itself: its result tells how.
      const isOver = error instanceof EvenkeelError && error.code === 'NO_DEPLOY';
      if (!isOver && !this.left) this.#progress.note(error instanceof Error ? error.message : String(error));
    }
    this.#aborted = true;
    this.#leaveIfLate();
  }
}
