// Manager: what came of an operation whose cluster process was lost meanwhile. Its successor knows, and comes when the
// operation has let go of the app's lane.

import type { Milliseconds } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import type { HistoryEntry } from '../protocol/cluster-link.ts';
import type { AppResult } from '../protocol/control-api.ts';
import type { Work } from './app-lane.ts';
import { QUICK } from './deadlines.ts';
import type { Fleet } from './fleet.ts';
import { pauseUnless } from './pause.ts';

type InTurn = (work: Work<AppResult>) => Promise<AppResult>;

/** For a successor that starts at once: one that has failed to has delays of its own. */
const REVIVAL_TIMEOUT: Milliseconds = 20_000;

/** Has `work` done in its turn. A deploy of it ended with its cluster process: the history says how. */
export async function deployInTurn(
  fleet: Fleet,
  name: string,
  inTurn: InTurn,
  work: Work<AppResult>,
): Promise<AppResult> {
  let before: Generation = 0;
  const result = await inTurn(async (task) => {
    before = fleet.state.app(name).generation;
    return await work(task);
  });
  if (!isLost(result)) return result;
  const entry = await outcomeAfter(fleet, name, before);
  return entry === null ? result : { ...result, ...describe(entry), error: null };
}

/** As deployInTurn, for work that goes by what it finds: where there was no deploy, it is done again. */
export async function changeInTurn(
  fleet: Fleet,
  name: string,
  inTurn: InTurn,
  work: Work<AppResult>,
): Promise<AppResult> {
  const result = await deployInTurn(fleet, name, inTurn, work);
  return isLost(result) ? await inTurn(work) : result;
}

function isLost({ error }: AppResult): boolean {
  return error?.code === 'CLUSTER_LOST';
}

/** The deploy that was begun after this generation; null: there was none, or nobody can say. */
async function outcomeAfter(fleet: Fleet, name: string, before: Generation): Promise<HistoryEntry | null> {
  await revived(fleet, name);
  try {
    const history = await fleet.handle(name).ask('history', {}, QUICK);
    // Oldest first.
    return history.findLast(({ generation }) => generation > before) ?? null;
  } catch {
    // Not back yet: the loss itself is all that can be told.
    return null;
  }
}

function describe({ outcome, generation }: HistoryEntry): Pick<AppResult, 'ok' | 'message'> {
  if (outcome !== 'done') {
    return { ok: false, message: `generation ${generation} ${outcome}: its cluster process was killed meanwhile` };
  }
  return { ok: true, message: `generation ${generation} serves; its cluster process was killed meanwhile` };
}

/** The successor is there, or has to be waited for too long. */
async function revived(fleet: Fleet, name: string): Promise<void> {
  const enough = new AbortController();
  await Promise.race([fleet.handle(name).revival, pauseUnless(enough.signal, fleet.clock, REVIVAL_TIMEOUT)]);
  enough.abort();
}
