// Manager: does what is left of a reload that the manager before this one had begun when it was killed.

import type { EcosystemSpec } from '../../core/spec.ts';
import type { ManagerContext } from '../context.ts';
import type { Fleet } from '../fleet.ts';
import { pauseUnless } from '../pause.ts';
import { RunningOperation } from '../under-way.ts';
import { reconcile, told } from './reload.ts';

/** Between two looks at a deploy that goes on. */
const PAUSE = 100;

/** Before any other reload or start. Never throws. */
export async function finishReload(context: ManagerContext, ecosystem: EcosystemSpec): Promise<void> {
  const { fleet } = context;
  try {
    await told(context, async () => {
      await Promise.all(fleet.names.map((name) => deployEnded(fleet, name)));
      return await reconcile(context, ecosystem, new RunningOperation());
    });
  } catch (error) {
    fleet.complain(error);
  }
}

/** A cluster process ends its deploy without any manager; with its own deadlines. */
async function deployEnded(fleet: Fleet, name: string): Promise<void> {
  const handle = fleet.handle(name);
  try {
    while (handle.isUp && (await handle.refresh()).status.deploy !== null) {
      await pauseUnless(fleet.closed, fleet.clock, PAUSE);
      if (fleet.closed.aborted) return;
    }
  } catch {
    // It is being lost or stopped, which ends its deploy as well.
  }
}
