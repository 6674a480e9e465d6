// Pure: what the machines need to know of a spec. (cluster process)

import type { GenerationSettings } from '../core/cluster-model.ts';
import type { AppSpec } from '../core/spec.ts';

export function settingsFrom({ ready, stop, restart, deploy, command }: AppSpec): GenerationSettings {
  const gate = { exclusive: deploy.strategy === 'handover', holdable: command === null };
  return { readyTimeout: ready.timeout, stopTimeout: stop.timeout, restart, ...gate };
}
