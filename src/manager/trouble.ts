// Manager: an app that was started and yet does not run, told as what it is: no state to be content with.

import { notBack } from './cluster-faults.ts';
import type { ClusterContact } from './cluster-owner.ts';
import type { Outcome } from './results.ts';

/** null: it runs, if perhaps with fewer workers; or it is on its way. Throws CLUSTER_LOST. */
export async function troubleOf(handle: ClusterContact): Promise<(Outcome & { readonly ok: false }) | null> {
  if (!isTrouble(handle)) return null;
  await handle.relearn();
  if (!isTrouble(handle)) return null;
  const { failure = null } = handle.snapshot ?? {};
  const why = failure === null ? 'its workers keep failing' : `worker ${failure.slot} ${failure.reason}`;
  const next =
    handle.state === 'backoff'
      ? 'it is tried again'
      : `it is not tried again: \`evenkeel start ${handle.app}\` does, or a deploy of code that works`;
  return { action: 'none', ok: false, message: `does not run (${handle.state}): ${why}; ${next}`, failure };
}

function isTrouble(handle: ClusterContact): boolean {
  if (!handle.isUp && handle.revival !== null) throw notBack(handle);
  return isInTrouble(handle);
}

/** It answers, if perhaps with fewer workers than it should have: what depends on it can start. */
export function doesServe({ isUp, state }: ClusterContact): boolean {
  return isUp && (state === 'online' || state === 'degraded' || state === 'deploying');
}

/** It is meant to run and does not, as far as was told; what is being brought back counts as well. */
export function isInTrouble({ isUp, revival, state }: ClusterContact): boolean {
  return isUp ? state === 'backoff' || state === 'failed' : revival !== null;
}
