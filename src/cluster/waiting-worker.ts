// A worker whose `beforeFork` hooks run: it has no process yet, and for the machine it boots. (cluster process)

import type { WorkerKey } from '../core/cluster-model.ts';
import { deferred } from '../core/deferred.ts';
import type { Slot } from '../core/status.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import { HookLines } from './hook-output.ts';
import { type HookResult, runHooks } from './hooks.ts';
import { type LiveWorker, NOTHING_DRAINED } from './live-worker.ts';
import type { ProcessEnd } from './worker-process.ts';

export interface WaitingPorts {
  onLine(hook: string, line: string): void;
  /** The worker itself is to take its place, at once. */
  onPassed(): void;
}

export class WaitingWorker implements LiveWorker {
  readonly key: WorkerKey;
  readonly slot: Slot;
  readonly generation: number;
  readonly startedAt: number;
  readonly identity = null;
  readonly hasAgent = false;
  readonly stopSignal = 'SIGTERM';
  readonly drained = NOTHING_DRAINED;
  /** Never, if the hooks have passed: then it is another that has the key. */
  readonly ended: Promise<ProcessEnd>;
  readonly gone: Promise<void>;
  readonly #lines: HookLines;
  readonly #cut = new AbortController();

  constructor(key: WorkerKey, slot: Slot, pinned: PinnedSpec, startedAt: number, ports: WaitingPorts) {
    this.key = key;
    this.slot = slot;
    this.generation = pinned.generation;
    this.startedAt = startedAt;
    this.#lines = new HookLines((hook, line) => ports.onLine(hook, line));
    const ended = deferred<ProcessEnd>();
    this.ended = ended.promise;
    this.gone = this.#run(pinned).then((result) => {
      if (result.ok && !this.#cut.signal.aborted) ports.onPassed();
      else ended.resolve({ code: null, signal: null, error: result.ok ? 'it was called off' : result.reason });
    });
  }

  /** What the hooks wrote, and which of them still runs. */
  get lastLines(): readonly string[] {
    const { last, running } = this.#lines;
    return running === null ? last : [...last, `(hook ${running} is still running)`];
  }

  get awaited(): string {
    const { running } = this.#lines;
    return running === null ? 'its hooks are not through' : `hook "${running}" is still running`;
  }

  openGate(): void {}

  drain(): void {
    this.#cut.abort();
  }

  async kill(): Promise<void> {
    this.#cut.abort();
  }

  async metrics(): Promise<null> {
    return null;
  }

  async send(): Promise<string> {
    return 'it waits for its hooks';
  }

  signal(): boolean {
    return false;
  }

  watchHealth(): void {}

  release(): void {}

  #run({ spec, generation, realCwd: cwd, realScript: script }: PinnedSpec): Promise<HookResult> {
    const { lines, signal } = { lines: this.#lines, signal: this.#cut.signal };
    const scene = { key: 'hooks.beforeFork', spec, generation, slot: this.slot, cwd, script } as const;
    return runHooks(spec.hooks.beforeFork, { ...scene, lines, signal });
  }
}
