// Manager: what every operation works with.

import type { EcosystemSpec } from '../core/spec.ts';
import type { ManagerStatus } from '../core/status.ts';
import type { Fleet } from './fleet.ts';
import type { LateStarts } from './late-starts.ts';
import type { SerialQueue } from './serial-queue.ts';
import type { UnderWay } from './under-way.ts';

export interface ManagerContext {
  readonly fleet: Fleet;
  readonly lateStarts: LateStarts;
  readonly underWay: UnderWay;
  /** Whatever reads the config file and acts on it happens one after the other. */
  readonly reloads: SerialQueue;
  readonly about: Omit<ManagerStatus, 'config' | 'name' | 'profile' | 'warnings'>;
  /** Reads the config file as it is now, `profile` absent: with the one there is. Throws NO_CONFIG, CONFIG_INVALID or TIMED_OUT. */
  load(profile?: string | null): Promise<EcosystemSpec>;
  /** What was read when the manager started, once: the `start` that it was started for need not read it again. */
  takeFirst(): EcosystemSpec | null;
  /** What the first who asks for a start should know, once. */
  takeNotices(): readonly string[];
  readonly lifecycle: Lifecycle;
}

export interface Lifecycle {
  /** Everything is being stopped, and the manager goes when that is done. */
  readonly stopping: boolean;
  begin(): void;
  /** It could not be done: the manager stays. */
  cancel(): void;
  finish(): void;
}
