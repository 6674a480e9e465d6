// Manager: the generations of an app, whether it runs or not.

import { readdirSync } from 'node:fs';
import { maskSpec } from '../../core/mask-spec.ts';
import { readClusterRecord } from '../../platform/read-cluster-record.ts';
import type { HistoryEntry } from '../../protocol/cluster-link.ts';
import type { HistoryAnswer } from '../../protocol/control-api.ts';
import type { ManagerContext } from '../context.ts';
import { QUICK } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';

/** As HistoryAnswer; without `showEnv` what may be secret is null. Throws NO_SUCH_APP for one that has never run either. */
export async function history(
  { fleet }: ManagerContext,
  app: string,
  showEnv: boolean,
): Promise<HistoryAnswer | MaskedHistory> {
  const generations = await generationsOf(fleet, app);
  if (showEnv) return { app, generations };
  return { app, generations: generations.map((entry) => ({ ...entry, pinned: masked(entry.pinned) })) };
}

async function generationsOf(fleet: Fleet, app: string): Promise<readonly HistoryEntry[]> {
  const hasRun = appsThatRan(fleet).includes(app);
  if (!hasRun) fleet.requireKnown(app);
  if (fleet.names.includes(app)) {
    const handle = fleet.handle(app);
    if (handle.isUp || handle.revival !== null) return await handle.request('history', {}, QUICK);
  }
  const record = hasRun ? readClusterRecord(fleet.layout.app(app).stateFile) : null;
  // Of an app that is stopped, none serves.
  return (record?.history ?? []).map((entry) => ({ ...entry, current: false }));
}

/** By their directories: also those that the config no longer has. */
function appsThatRan(fleet: Fleet): readonly string[] {
  try {
    return readdirSync(fleet.layout.apps);
  } catch {
    return [];
  }
}

type Pinned = HistoryAnswer['generations'][number]['pinned'];

export interface MaskedHistory {
  readonly app: string;
  readonly generations: readonly object[];
}

function masked(pinned: Pinned): object | null {
  return pinned === null ? null : { ...pinned, spec: maskSpec(pinned.spec) };
}
