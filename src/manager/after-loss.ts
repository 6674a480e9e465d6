// Manager: what came of an operation whose cluster process was lost meanwhile, or only the connection to it. Whoever runs
// the app by then knows, and can be asked when the operation has let go of the app's lane.

import { lossIn } from '../core/lost-deploy.ts';
import type { Milliseconds } from '../core/spec.ts';
import type { DeployResult, Generation } from '../core/status.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { HistoryEntry } from '../protocol/cluster-link.ts';
import type { AppResult } from '../protocol/control-api.ts';
import { Superseded, type Work } from './app-lane.ts';
import { deployDeadline, QUICK } from './deadlines.ts';
import type { Fleet } from './fleet.ts';
import { pauseUnless } from './pause.ts';
import { attempt } from './results.ts';

type InTurn = (work: Work<AppResult>) => Promise<AppResult>;

/** For a successor that starts at once: one that has failed to has delays of its own. */
const REVIVAL_TIMEOUT: Milliseconds = 20_000;
const PAUSE: Milliseconds = 100;

interface Attempt {
  readonly result: AppResult;
  /** The app's generation before it. */
  readonly before: Generation;
  /** The cluster process that it went to. */
  readonly cluster: ProcessIdentity | null;
}

/** Has `work` done in its turn. Where the cluster process was lost meanwhile, the history says how its deploy ended. */
export async function deployInTurn(
  fleet: Fleet,
  name: string,
  inTurn: InTurn,
  work: Work<AppResult>,
): Promise<AppResult> {
  const made = await attemptInTurn(fleet, name, inTurn, work);
  if (!isLost(made.result)) return made.result;
  await fleet.handle(name).revived(REVIVAL_TIMEOUT);
  // Another one may have come after it by now.
  const entry = await outcomeAfter(fleet, name, made.before, 'first');
  return entry === null ? made.result : { ...made.result, ...describe(name, entry, lossOf(fleet, made)), error: null };
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

/**
 * As deployInTurn, for a start or a restart, which wants nothing but new workers: the successor brings them up in any case.
 * So it is done when they are ready, whatever became of the generation that was lost.
 */
export async function startInTurn(
  fleet: Fleet,
  name: string,
  inTurn: InTurn,
  work: Work<AppResult>,
): Promise<AppResult> {
  const made = await attemptInTurn(fleet, name, inTurn, work);
  const { result } = made;
  // What keeps it from coming back is known already.
  if (!isLost(result) || fleet.handle(name).whyDown !== null) return result;
  await fleet.handle(name).revived(REVIVAL_TIMEOUT + startDeadline(fleet, name));
  const entry = await outcomeAfter(fleet, name, made.before, 'last');
  if (!fleet.state.app(name).wanted) {
    return await attempt(fleet, name, result.action, result.reasons, () => Promise.reject(new Superseded(name)));
  }
  const loss = lossOf(fleet, made);
  const { state, snapshot } = fleet.handle(name);
  if (state === 'online') {
    const generation = snapshot?.current?.generation ?? entry?.generation;
    return { ...result, ok: true, message: `generation ${generation} serves; ${loss}`, error: null };
  }
  return entry === null ? result : { ...result, ...describe(name, entry, loss), ok: false, error: null };
}

async function attemptInTurn(fleet: Fleet, name: string, inTurn: InTurn, work: Work<AppResult>): Promise<Attempt> {
  let before: Generation = 0;
  const result = await inTurn(async (task) => {
    before = fleet.state.app(name).generation;
    return await work(task);
  });
  // A successor comes with a later turn.
  return { result, before, cluster: fleet.state.app(name).cluster };
}

function isLost({ error }: AppResult): boolean {
  return error?.code === 'CLUSTER_LOST';
}

function startDeadline(fleet: Fleet, name: string): Milliseconds {
  const running = fleet.runningSpec(name);
  const spec = fleet.fileSpec(name) ?? running;
  return spec === null ? 0 : deployDeadline(spec, running, null);
}

/** Of the deploys that were begun after this generation, once one has ended; null: there was none, or nobody can say. */
async function outcomeAfter(
  fleet: Fleet,
  name: string,
  before: Generation,
  which: 'first' | 'last',
): Promise<HistoryEntry | null> {
  const handle = fleet.handle(name);
  try {
    for (;;) {
      // Asked first: a deploy that ends in between is in the history then.
      const { deploy } = (await handle.refresh()).status;
      const history = await handle.ask('history', {}, QUICK);
      // Oldest first.
      const entry = history.filter(({ generation }) => generation > before).at(which === 'first' ? 0 : -1);
      // Where only the connection broke it goes on, until its own deadline.
      if (entry !== undefined || deploy === null) return entry ?? null;
      await pauseUnless(fleet.closed, fleet.clock, PAUSE);
    }
  } catch {
    // Not back yet: the loss itself is all that can be told.
    return null;
  }
}

function lossOf(fleet: Fleet, { result, cluster }: Attempt): string {
  const isSame = cluster !== null && fleet.handle(result.app).identity?.pid === cluster.pid;
  return isSame ? 'the connection to its cluster process broke meanwhile' : 'its cluster process was killed meanwhile';
}

function describe(app: string, entry: HistoryEntry, loss: string): Pick<AppResult, 'ok' | 'message' | 'deploy'> {
  const { generation, outcome, reason } = entry;
  const ok = outcome === 'done';
  const deploy: DeployResult = {
    ...{ app, generation, outcome, reason, startedAt: entry.startedAt, durationMs: entry.durationMs, loss: entry.loss },
    // Whoever could say more was asked for it, and did not get to answer.
    ...{ cause: ok ? null : reason, failure: null, hookOutput: [], afterFailure: null },
  };
  const told = lossIn(reason) ?? `${loss} (${reason})`;
  const message = ok ? `generation ${generation} serves; ${loss}` : `generation ${generation} ${outcome}: ${told}`;
  return { ok, message, deploy };
}
