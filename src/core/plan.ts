// What has to change so that what runs is what the file says, and why: the vocabulary (plan-changes.ts computes it).

import type { AppSpec } from './spec.ts';
import type { Generation } from './status.ts';

/** `restart`: takes effect when the app is restarted; a reload leaves it and says so. */
export type ChangeClass = 'deploy' | 'scale' | 'live' | 'restart' | 'none';

/** One difference of a key, without its values: those of env must never show. */
export interface KeyChange {
  /** `env.PORT`, `workers`, `logs.maxSize`. */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly class: ChangeClass;
  /** For people: "env.PORT changed", "workers 2 → 4". */
  readonly reason: string;
}

export interface AppChange {
  readonly app: string;
  readonly action: 'start' | 'deploy' | 'scale' | 'live' | 'stop' | 'none';
  /** At least one for every action but `none`. */
  readonly reasons: readonly string[];
  readonly keys: readonly KeyChange[];
}

export interface Plan {
  /** One for every app of the file, in its order, then those that the file no longer has. */
  readonly changes: readonly AppChange[];
  readonly notices: readonly string[];
}

/** What runs, as far as planning needs it. */
export interface RunningApp {
  readonly name: string;
  /** With live keys and worker count as they are now; null: known but not running. */
  readonly spec: AppSpec | null;
  /** Why `spec` is null: stopped by a command (the default), or meant to run and yet down, as after a failed start. */
  readonly down?: boolean;
  /** With what a start would bring it up, where it was stopped by a command: what commands have changed of it holds still. */
  readonly kept?: AppSpec | null;
  /** The generation that it was rolled back to: the paths of then may not be those that the file stands for now. */
  readonly rolledBack?: Generation | null;
  /** Addresses that cannot be had while it runs: it listens there itself, perhaps, and did not declare that. */
  readonly refused?: readonly string[];
}
