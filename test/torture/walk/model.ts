// What a walk believes of each app: what its file says, what commands have made of it, and whether it is meant to run.

import type { RigConfig } from '../../support/rig.ts';
import { fixture } from '../../support/rig.ts';

export interface Settings {
  readonly version: string;
  readonly workers: number;
}

export type Strategy = 'all-at-once' | 'rolling' | 'handover' | 'replace';

export interface AppModel {
  readonly port: number;
  readonly isUp: boolean;
  readonly strategy: Strategy;
  readonly file: Settings;
  /** What runs, or would. */
  readonly meant: Settings;
  /** It was rolled back, and not deployed since: its paths are those of then. */
  readonly isPinned: boolean;
  /** What each generation was that served, the newest last. */
  readonly served: readonly (readonly [generation: number, settings: Settings])[];
}

export type Model = Readonly<Record<string, AppModel>>;

export function newApp(port: number): AppModel {
  const settings = { version: '1', workers: 2 };
  return { port, isUp: true, strategy: 'all-at-once', file: settings, meant: settings, isPinned: false, served: [] };
}

/** The config file that the model describes. */
export function configOf(model: Model): RigConfig {
  const apps = Object.entries(model).map(([name, { port, file, strategy }]) => [
    name,
    {
      script: fixture('moody.mjs'),
      workers: file.workers,
      listen: [port],
      env: { PORT: port, VERSION: file.version },
      deploy: { strategy, settle: '50ms' },
      stop: { timeout: '10s' },
    },
  ]);
  return { apps: Object.fromEntries(apps) };
}

export function drifts({ file, meant, isPinned }: AppModel): boolean {
  return isPinned || file.version !== meant.version || file.workers !== meant.workers;
}
