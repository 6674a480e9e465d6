// Where somebody asks from, and what they said of the ecosystem that they mean.

import type { ProgramName } from '../platform/entry-points.ts';

export interface Whereabouts {
  /** Where the search for a config begins. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The config file and the profile that were named; null: none was. */
  readonly globals: { readonly config: string | null; readonly profile: string | null };
  /** The absolute path of one of our other programs, built. */
  readonly program: (name: ProgramName) => string;
}

/** Somebody who may change their mind. */
export interface Starter extends Whereabouts {
  /** Calls the listener for each SIGINT or SIGTERM from now on; returns the way to stop that. */
  readonly onInterrupt: (listener: () => void) => () => void;
}
