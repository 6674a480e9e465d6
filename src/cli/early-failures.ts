// CLI: what the first new worker that fails wrote last, told as soon as it has failed: where an operation goes on trying, its
// result, which has that too, may be long in coming.

import type { EvenkeelEvent } from '../core/events.ts';
import type { Generation } from '../core/status.ts';
import type { ControlClient } from '../platform/control-client.ts';
import type { ProgressDisplay } from './progress-display.ts';

/** Lines of the worker that are shown. */
const QUOTED_LINES = 10;
/** Lines that are read, of all workers. */
const READ_LINES = 100;
/** Without them it goes as well; in milliseconds. */
const READ_TIMEOUT = 2_000;

type Failed = Extract<EvenkeelEvent, { readonly type: 'worker-exited' }>;

export class EarlyFailures {
  readonly #client: ControlClient;
  readonly #progress: ProgressDisplay;
  /** By app, until its first failure is told: those that follow are most often the same. */
  readonly #generations = new Map<string, Generation>();
  readonly #tellings = new Set<Promise<void>>();

  constructor(client: ControlClient, progress: ProgressDisplay) {
    this.#client = client;
    this.#progress = progress;
  }

  hear(event: EvenkeelEvent): void {
    if (event.type === 'deploy-started') this.#generations.set(event.app, event.generation);
    if (event.type !== 'worker-exited' || event.expected) return;
    if (this.#generations.get(event.app) !== event.generation) return;
    this.#generations.delete(event.app);
    this.#tellings.add(this.#tell(event));
  }

  /** Resolves when all is told that was heard. */
  async end(): Promise<void> {
    await Promise.all(this.#tellings);
  }

  async #tell({ app, slot, reason }: Failed): Promise<void> {
    const lines = await this.#lastLines(app, slot);
    const wrote = lines.length === 0 ? '' : ', and wrote last:';
    this.#progress.note([`${app}: worker ${slot} ${reason}${wrote}`, ...lines.map((line) => `    ${line}`)].join('\n'));
  }

  /** None where they cannot be had, for its cluster process ends. */
  async #lastLines(app: string, slot: number): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(READ_TIMEOUT);
    try {
      for await (const message of this.#client.logs(app, { n: READ_LINES, signal })) {
        if (message.type !== 'snapshot') continue;
        const own = message.lines.filter((line) => line.slot === slot);
        return own.slice(-QUOTED_LINES).map(({ line }) => line);
      }
    } catch {
      // The result tells, or the error.
    }
    return [];
  }
}
