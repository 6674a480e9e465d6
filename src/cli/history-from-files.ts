// CLI: `history` without a manager: from what the app's cluster process has written.

import { readdirSync } from 'node:fs';
import { stateDirs } from '../client/find-manager.ts';
import { maskSpec } from '../core/mask-spec.ts';
import { noSuchApp } from '../core/not-found.ts';
import { noManager } from '../platform/control-http.ts';
import { stateLayout } from '../platform/paths.ts';
import { presentClusters } from '../platform/presence.ts';
import { readClusterRecord } from '../platform/read-cluster-record.ts';
import type { HistoryEntry } from '../protocol/cluster-link.ts';
import type { Context } from './context.ts';

export interface FoundHistory {
  readonly generations: readonly HistoryEntry[];
  /** For --json: a HistoryAnswer, in which what may be secret is null unless it was asked for. */
  readonly document: unknown;
}

/** Throws NO_MANAGER where nothing has run yet, and NO_SUCH_APP. */
export async function historyFromFiles(context: Context, app: string, showEnv: boolean): Promise<FoundHistory> {
  for await (const stateDir of stateDirs(context)) {
    const layout = stateLayout(stateDir);
    const known = namesIn(layout.apps);
    if (known.length === 0) continue;
    if (!known.includes(app)) throw noSuchApp(app, known);
    const serves = presentClusters(stateDir).has(app);
    const { history = [] } = readClusterRecord(layout.app(app).stateFile) ?? {};
    // Of an app that is stopped, none serves.
    const generations = history.map((entry) => ({ ...entry, current: entry.current && serves }));
    return { generations, document: { app, generations: showEnv ? generations : generations.map(masked) } };
  }
  throw noManager();
}

export function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function masked({ pinned, ...entry }: HistoryEntry): object {
  return { ...entry, pinned: pinned === null ? null : { ...pinned, spec: maskSpec(pinned.spec) } };
}
