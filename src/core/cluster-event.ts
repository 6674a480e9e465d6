// What can happen to a cluster, as the machines see it.

import type { Deploy, GenerationSettings, WorkerKey } from './cluster-model.ts';
import type { Milliseconds } from './spec.ts';
import type { Generation, Slot } from './status.ts';

export type ClusterEvent =
  /** A start where nothing runs, else a deploy. `hooks`: the `before` hooks have to pass first. */
  | {
      readonly type: 'deploy';
      readonly generation: Generation;
      readonly settings: GenerationSettings;
      readonly reason: string;
      readonly strategy: Deploy['strategy'];
      readonly workers: number;
      readonly batch: number;
      readonly settle: Milliseconds;
      readonly timeout: Milliseconds;
      readonly hooks: boolean;
    }
  | { readonly type: 'hooks-passed'; readonly generation: Generation }
  | { readonly type: 'hooks-failed'; readonly generation: Generation; readonly reason: string }
  /** It was started with its gate shut, and is about to listen. */
  | { readonly type: 'worker-at-gate'; readonly key: WorkerKey }
  | { readonly type: 'worker-ready'; readonly key: WorkerKey }
  | {
      readonly type: 'worker-exited';
      readonly key: WorkerKey;
      /** How it ended, for people: "exited with code 1". */
      readonly how: string;
      /** There was no process at all. */
      readonly neverRan?: boolean;
      /** What its agent counted while it drained; null: it has none. */
      readonly finished: number | null;
      readonly cut: number | null;
      /** In [0, 1), for the jitter of its successor's delay. */
      readonly random: number;
    }
  /** It can never become ready (its readiness check says so), or its health checks fail. */
  | {
      readonly type: 'worker-failed';
      readonly key: WorkerKey;
      readonly reason: string;
      /** How long it has not been well by now: what it lived counts without that. */
      readonly sickFor?: Milliseconds;
      readonly random: number;
    }
  /** It is to be replaced: asked by itself, or for memory. */
  | {
      readonly type: 'worker-leaving';
      readonly key: WorkerKey;
      readonly reason: string;
      readonly kind: 'upkeep' | 'asked';
    }
  /** An exception was not caught in it, and it serves until it is replaced. */
  | { readonly type: 'worker-crashed'; readonly key: WorkerKey; readonly reason: string; readonly random: number }
  | { readonly type: 'all-leaving'; readonly reason: string }
  /** A draining worker has stopped accepting. */
  | { readonly type: 'worker-quiet'; readonly key: WorkerKey }
  /** And has finished all that it had. */
  | { readonly type: 'worker-drained'; readonly key: WorkerKey }
  | { readonly type: 'abort'; readonly reason: string }
  | { readonly type: 'scale'; readonly workers: number }
  | { readonly type: 'settings'; readonly generation: Generation; readonly settings: GenerationSettings }
  | { readonly type: 'stop'; readonly timeout: Milliseconds | null }
  /** The cluster process before this one was killed: what it ran is to run again. Its workers are told one by one. */
  | {
      readonly type: 'resume';
      readonly generation: Generation;
      readonly settings: GenerationSettings;
      readonly workers: number;
    }
  /** A worker of a cluster process that was killed; known from the start, or found later. */
  | {
      readonly type: 'orphan-found';
      /** Not used before; at least `nextKey`, unless it comes from that cluster process. */
      readonly key: WorkerKey;
      readonly slot: Slot;
      readonly generation: Generation;
      /** Of its generation, where nothing is known of that. */
      readonly settings: GenerationSettings;
      readonly orphansFirst: boolean;
    }
  /** Time has passed. */
  | {
      readonly type: 'tick';
      readonly random: number;
      /** Of workers that boot: what they still are to do to be ready, for people. */
      readonly awaited?: Readonly<Record<WorkerKey, string>>;
    };
