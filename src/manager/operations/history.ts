// Manager: the generations of an app.

import type { HistoryAnswer } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { QUICK } from '../deadlines.ts';
import { requireRunning } from '../refusals.ts';

/** As HistoryAnswer; without `showEnv` the values of env are null. Throws NO_SUCH_APP or APP_STOPPED. */
export async function history(
  { fleet }: ManagerContext,
  app: string,
  showEnv: boolean,
): Promise<HistoryAnswer | MaskedHistory> {
  requireRunning(fleet, app);
  const generations = await fleet.handle(app).request('history', {}, QUICK);
  if (showEnv) return { app, generations };
  return { app, generations: generations.map((entry) => ({ ...entry, pinned: maskEnv(entry.pinned) })) };
}

type Pinned = HistoryAnswer['generations'][number]['pinned'];

export interface MaskedHistory {
  readonly app: string;
  readonly generations: readonly object[];
}

function maskEnv(pinned: Pinned): object | null {
  if (pinned === null) return null;
  const env = Object.fromEntries(Object.keys(pinned.spec.env).map((key) => [key, null]));
  return { ...pinned, spec: { ...pinned.spec, env } };
}
