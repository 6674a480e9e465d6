// Manager: holds its state in memory and has every change written.

import type { EcosystemSpec } from '../core/spec.ts';
import { endsWithin } from '../logs/within.ts';
import { type AppRecord, type ManagerState, NEW_RECORD } from '../platform/manager-record.ts';
import { CLOSING } from '../protocol/cluster-link.ts';

/** Where states go; platform's StateFile is one. */
export interface StateWriter {
  save(state: ManagerState): void;
  /** Resolves when the last state is on disk, or could not be written. */
  flush(): Promise<boolean>;
}

export class StateStore {
  #ecosystem: EcosystemSpec | null;
  #reloading: EcosystemSpec | null;
  readonly #apps: Map<string, AppRecord>;
  readonly #writer: StateWriter;

  constructor(state: ManagerState, writer: StateWriter) {
    this.#ecosystem = state.ecosystem;
    this.#reloading = state.reloading;
    this.#apps = new Map(Object.entries(state.apps));
    this.#writer = writer;
  }

  /** What the file said when it was last valid; null: never. */
  get ecosystem(): EcosystemSpec | null {
    return this.#ecosystem;
  }

  get reloading(): EcosystemSpec | null {
    return this.#reloading;
  }

  /** Apps that have a record, of the file or not. */
  get names(): readonly string[] {
    return [...this.#apps.keys()];
  }

  app(name: string): AppRecord {
    return this.#apps.get(name) ?? NEW_RECORD;
  }

  /** What a reload goes by from now on; null: it is over. */
  setReloading(ecosystem: EcosystemSpec | null): void {
    this.#reloading = ecosystem;
    this.save();
  }

  setEcosystem(ecosystem: EcosystemSpec): void {
    this.#ecosystem = ecosystem;
    this.save();
  }

  update(name: string, change: Partial<AppRecord>): void {
    const record = { ...this.app(name), ...change };
    this.#apps.set(name, record.wanted ? { ...record, stoppedByName: false } : record);
    this.save();
  }

  /** Has what there is written once more. */
  save(): void {
    this.#writer.save({
      ...{ ecosystem: this.#ecosystem, reloading: this.#reloading },
      apps: Object.fromEntries(this.#apps),
    });
  }

  /** An app that comes back with this name is a new one; its generations go on from what its cluster process wrote. */
  forget(name: string): void {
    if (this.#apps.delete(name)) this.save();
  }

  /** As the writer's flush, but nobody waits for ever where the disk hangs: false. */
  async flush(): Promise<boolean> {
    let written = false;
    const flushed = this.#writer.flush().then((done) => {
      written = done;
    });
    await endsWithin(CLOSING.state, flushed);
    return written;
  }
}
