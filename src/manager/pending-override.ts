// Manager: what a deploy will have changed of an app is noted before it begins, and counts when its generation serves: a
// deploy goes on when the manager dies, and the next one has to know what to come back to.

import type { Override } from '../platform/overrides.ts';
import type { ClusterSnapshot } from '../protocol/cluster-link.ts';
import type { StateStore } from './state-store.ts';

/** Resolves when it is on disk, or that failed: a full disk keeps nobody from deploying. */
export async function notePending(
  state: StateStore,
  name: string,
  override: Override | null,
  snapshot: ClusterSnapshot | null,
): Promise<void> {
  state.update(name, { pending: { after: snapshot?.current?.generation ?? 0, override } });
  await state.flush();
}

/** `snapshot`: what the app's cluster process says after the deploy, or while it goes on. */
export function settlePending(state: StateStore, name: string, snapshot: ClusterSnapshot): void {
  const { pending } = state.app(name);
  // A cluster process that has not resumed yet knows nothing of what its predecessor ran.
  if (pending === null || snapshot.current === null) return;
  const isDone = snapshot.current.generation > pending.after;
  if (isDone) state.update(name, { override: pending.override, pending: null });
  else if (snapshot.status.deploy === null) state.update(name, { pending: null });
}
