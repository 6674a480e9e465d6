// Manager: what runs now, from the clusters themselves. One that does not answer is shown as it was last.

import { describeNextTry } from '../../core/describe-backoff.ts';
import type { AppStatus, Status } from '../../core/status.ts';
import { isDrift } from '../../platform/overrides.ts';
import type { ClusterContact } from '../cluster-owner.ts';
import type { ManagerContext } from '../context.ts';
import type { Fleet } from '../fleet.ts';
import type { LateStarts } from '../late-starts.ts';
import type { StartWait } from '../start-waits.ts';

/** As in `boots`: a hundred that did would all be slow. */
const TURN = 'waits until fewer apps boot';
/** A cluster process that is slower shows its last status instead. */
const PATIENCE = 2_000;

/** `name` null: all. Throws NO_SUCH_APP. */
export async function status({ fleet, about, lateStarts }: ManagerContext, name: string | null): Promise<Status> {
  if (name !== null) fleet.requireKnown(name);
  const names = name === null ? fleet.names : [name];
  const { ecosystem } = fleet.state;
  return {
    manager: {
      ...about,
      config: ecosystem?.file ?? '',
      name: ecosystem?.name ?? '',
      profile: ecosystem?.profile ?? null,
      warnings: fleet.warnings.texts,
    },
    apps: await Promise.all(names.map((app) => appStatus(fleet, lateStarts, app))),
  };
}

async function appStatus(fleet: Fleet, lateStarts: LateStarts, name: string): Promise<AppStatus> {
  const drift = isDrift(fleet.fileSpec(name), fleet.state.app(name).override);
  const told = await toldStatus(fleet.handle(name));
  // A cluster process in which nothing runs does not know that something is to.
  const isAhead = told?.state === 'stopped' && (fleet.boots.stageOf(name) !== null || fleet.waits.of(name) !== null);
  return { ...(told === null || isAhead ? downStatus(fleet, lateStarts.waitsFor(name), name) : told), drift };
}

/** null: there is no cluster process, or it has never said anything. */
async function toldStatus(handle: ClusterContact): Promise<AppStatus | null> {
  if (!handle.isUp) return null;
  try {
    const now = await handle.ask('status', {}, PATIENCE);
    // A cluster process of an earlier version says nothing of problems.
    return { ...now, problem: now.problem ?? null };
  } catch {
    const last = handle.snapshot?.status ?? null;
    return last === null ? null : { ...last, problem: null };
  }
}

/** `needs`: what has to serve first; null: it does not wait for that. */
function downStatus(fleet: Fleet, needs: readonly string[] | null, name: string): AppStatus {
  const handle = fleet.handle(name);
  const { wanted } = fleet.state.app(name);
  const last = handle.snapshot?.status;
  // Its workers may serve on while the cluster process is brought back; they cannot be seen.
  const wait = fleet.waits.of(name);
  const { whyDown } = handle;
  const why = wait === null ? (whyDown ?? describeNeeds(needs)) : describeWait(wait, fleet.now());
  const comesBack = handle.revival !== null || wait?.record.gaveUp === false || needs !== null;
  const stage = fleet.boots.stageOf(name);
  const state = !wanted ? 'stopped' : stage !== null ? 'starting' : comesBack ? 'backoff' : 'failed';
  return {
    ...{
      name,
      state,
      drift: false,
      problem: stage === 'waiting' ? TURN : why,
      deploy: null,
      workers: [],
      ready: 0,
      clusterPid: handle.identity?.pid ?? null,
    },
    generation: last?.generation ?? fleet.state.app(name).generation,
    desired: wanted ? (fleet.fileSpec(name)?.workers ?? 0) : 0,
    lastDeploy: last?.lastDeploy ?? null,
  };
}

function describeNeeds(needs: readonly string[] | null): string | null {
  return needs === null ? null : `waits until ${needs.join(', ')} ${needs.length === 1 ? 'serves' : 'serve'}`;
}

function describeWait({ reason, record }: StartWait, now: number): string {
  return `${reason}; ${describeNextTry(record, now)}`;
}
