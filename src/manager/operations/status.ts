// Manager: what runs now, from the clusters themselves. One that does not answer is shown as it was last.

import { describeNextTry } from '../../core/describe-backoff.ts';
import type { AppStatus, Status } from '../../core/status.ts';
import { isDrift } from '../../platform/overrides.ts';
import type { ManagerContext } from '../context.ts';
import type { Fleet } from '../fleet.ts';

/** A cluster process that is slower shows its last status instead. */
const PATIENCE = 2_000;

/** `name` null: all. Throws NO_SUCH_APP. */
export async function status({ fleet, about }: ManagerContext, name: string | null): Promise<Status> {
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
    apps: await Promise.all(names.map((app) => appStatus(fleet, app))),
  };
}

async function appStatus(fleet: Fleet, name: string): Promise<AppStatus> {
  const drift = isDrift(fleet.fileSpec(name), fleet.state.app(name).override);
  const handle = fleet.handle(name);
  if (!handle.isUp) return { ...downStatus(fleet, name), drift };
  try {
    const now = await handle.ask('status', {}, PATIENCE);
    // A cluster process of an earlier version says nothing of problems.
    return { ...now, drift, problem: now.problem ?? null };
  } catch {
    return { ...(handle.snapshot?.status ?? downStatus(fleet, name)), drift, problem: null };
  }
}

function downStatus(fleet: Fleet, name: string): AppStatus {
  const { handle, wanted } = { handle: fleet.handle(name), wanted: fleet.state.app(name).wanted };
  const last = handle.snapshot?.status;
  // Its workers may serve on while the cluster process is brought back; they cannot be seen.
  const wait = fleet.waits.of(name);
  const { whyDown } = handle;
  const comesBack = handle.revival !== null || wait?.record.gaveUp === false;
  const state = !wanted ? 'stopped' : comesBack ? 'backoff' : 'failed';
  return {
    ...{
      name,
      state,
      drift: false,
      problem: wait === null ? whyDown : `${wait.reason}; ${describeNextTry(wait.record, fleet.now())}`,
      deploy: null,
      workers: [],
      ready: 0,
      clusterPid: null,
    },
    generation: last?.generation ?? fleet.state.app(name).generation,
    desired: wanted ? (fleet.fileSpec(name)?.workers ?? 0) : 0,
    lastDeploy: last?.lastDeploy ?? null,
  };
}
