// What holds for an app of which nothing is known but that workers of it were left: cluster.json was lost, and all that is
// asked is that they end. (cluster process)

import type { GenerationSettings } from '../core/cluster-model.ts';
import type { AppSpec } from '../core/spec.ts';

export const UNKNOWN_SPEC: Pick<AppSpec, 'balance' | 'logs'> = {
  balance: 'shared',
  logs: {
    ...{ stdout: { kind: 'off' }, stderr: { kind: 'off' }, maxSize: null, schedule: null, keep: 0 },
    ...{ compress: false, timestamps: false, onSlow: 'wait' },
  },
};

/** The defaults of the config. */
export const UNKNOWN_SETTINGS: GenerationSettings = {
  ...{ readyTimeout: 30_000, stopTimeout: 30_000, exclusive: false, holdable: true },
  restart: {
    ...{ minDelay: 100, maxDelay: 30_000, resetAfter: 10_000, limit: 0 },
    ...{ onUncaught: 'exit', memory: null, schedule: null },
  },
};
