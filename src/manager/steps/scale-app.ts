// Manager: changes the number of an app's workers.

import type { AppSpec } from '../../core/spec.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import { changeDeadline } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { attempt, describeChange, type Outcome } from '../results.ts';

export function scaleApp(fleet: Fleet, name: string, spec: AppSpec, reasons: readonly string[]): Promise<AppResult> {
  return attempt(fleet, name, 'scale', reasons, () => scale(fleet, name, spec));
}

/** `spec.workers` is the new number. */
export async function scale(fleet: Fleet, name: string, spec: AppSpec): Promise<Outcome> {
  const handle = fleet.handle(name);
  const { workers } = spec;
  const result = await handle.ask('scale', { workers }, changeDeadline(spec));
  await handle.relearn();
  const { from, to } = result;
  return describeChange(result, from === to ? `has ${to} workers already` : `workers ${from} → ${to}`);
}
