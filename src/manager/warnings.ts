// Manager: state files that cannot be written just now, its own and those of the cluster processes. What runs does not depend
// on them; whoever is killed meanwhile leaves old ones to its successor.

import type { AppEvent } from '../core/events.ts';

export class Warnings {
  readonly #problems = new Map<string, string>();

  /** `problem` null: the file is written again, or nobody writes it any more. */
  note(file: string, problem: string | null): void {
    if (problem === null) this.#problems.delete(file);
    else this.#problems.set(file, problem);
  }

  /** What an event still means, whoever was told of it first. */
  hear(event: AppEvent): void {
    if (event.type === 'record-problem') this.note(event.file, event.problem);
  }

  /** For people. */
  get texts(): readonly string[] {
    return [...this.#problems].map(
      ([file, problem]) =>
        `${file} cannot be written: ${problem}; it is tried again every second, and what changes until then is lost if its process is killed`,
    );
  }
}
