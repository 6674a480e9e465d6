// A manager on fakes whose time passes only as the test says, where it takes long.

import type { AppSpec } from '../../src/core/spec.ts';
import { HeldClock } from './held-clock.ts';
import { ManagerRig } from './manager-rig.ts';

export async function openHeldManager(...apps: readonly AppSpec[]) {
  const rig = new ManagerRig(apps);
  const clock = new HeldClock();
  rig.clock = clock;
  const manager = await rig.open();
  return { rig, clock, manager, context: manager.context };
}
