// Manager: apps that were not started because one they depend on failed. They are started when that serves.

import type { EvenkeelEvent } from '../core/events.ts';
import type { AppResult } from '../protocol/control-api.ts';
import type { Fleet } from './fleet.ts';
import { inLane } from './results.ts';
import { startApp } from './steps/start-app.ts';
import { doesServe } from './trouble.ts';

export class LateStarts {
  readonly #fleet: Fleet;
  readonly #waiting = new Set<string>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    fleet.bus.subscribe((event) => this.#hear(event));
  }

  /** The result of a start: one that was skipped comes later, and says so. */
  add(result: AppResult): AppResult {
    const { app, action, message } = result;
    if (action !== 'skipped') return result;
    this.#fleet.state.update(app, { wanted: true });
    this.#waiting.add(app);
    const needs = this.waitsFor(app);
    // What it depends on may serve by now, while the others were still being started.
    this.#look();
    return needs === null ? result : { ...result, message: `${message}; it is started when that serves` };
  }

  /** What has to serve before it is started; null: it does not wait for anything. */
  waitsFor(name: string): readonly string[] | null {
    const { isUp, revival } = this.#fleet.handle(name);
    // Whoever has started or stopped it meanwhile need not have said so here.
    if (!this.#waiting.has(name) || !this.#fleet.state.app(name).wanted || isUp || revival !== null) return null;
    const { dependsOn = [] } = this.#fleet.fileSpec(name) ?? {};
    const needs = dependsOn.filter((other) => !doesServe(this.#fleet.handle(other)));
    return needs.length === 0 ? null : needs;
  }

  #hear(event: EvenkeelEvent): void {
    if (event.type === 'app-state') this.#look();
  }

  #look(): void {
    for (const name of [...this.#waiting]) {
      const spec = this.#fleet.fileSpec(name);
      if (spec === null || !this.#fleet.state.app(name).wanted) this.#waiting.delete(name);
      else if (spec.dependsOn.every((other) => doesServe(this.#fleet.handle(other)))) this.#start(name);
    }
  }

  #start(name: string): void {
    this.#waiting.delete(name);
    const reasons = ['what it depends on serves'];
    void inLane(this.#fleet, name, 'start', reasons, (task) => startApp(this.#fleet, name, reasons, task));
  }
}
