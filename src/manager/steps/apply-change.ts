// Manager: does to one app what the plan says of it now.

import type { AppChange } from '../../core/plan.ts';
import { deployableSpec, planApp } from '../../core/plan-changes.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import { QUICK } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { attempt } from '../results.ts';
import { runningApp } from '../running-apps.ts';
import { deployApp } from './deploy-app.ts';
import { scale } from './scale-app.ts';
import { startApp } from './start-app.ts';

const PLAIN = { timeout: null, pinned: null, claim: null };

/** Plans anew: what ran before it in the app's queue may have changed the app since the whole was planned. */
export async function applyChange(fleet: Fleet, desired: AppSpec, notices: string[]): Promise<AppResult> {
  const { name } = desired;
  const isNew = !fleet.state.names.includes(name);
  const change = planApp(isNew ? undefined : runningApp(fleet, name), desired);
  const { reasons } = change;
  const running = fleet.runningSpec(name) ?? desired;
  const spec = deployableSpec(running, desired, change.keys);
  switch (change.action) {
    case 'start':
      return await startApp(fleet, name, reasons);
    case 'deploy':
      return await deployApp(fleet, name, { action: 'deploy', spec, reasons, ...PLAIN }, notices);
    case 'scale':
      return await attempt(fleet, name, 'scale', reasons, async () => {
        await applyLive(fleet, change, spec);
        return await scale(fleet, name, spec);
      });
    case 'live':
      return await attempt(fleet, name, 'live', reasons, async () => {
        await applyLive(fleet, change, spec);
        await fleet.handle(name).refresh();
        return { ok: true, message: 'applied live' };
      });
    case 'stop':
    case 'none':
      return await attempt(fleet, name, 'none', reasons, async () => ({ ok: true, message: 'unchanged' }));
  }
}

async function applyLive(fleet: Fleet, change: AppChange, spec: AppSpec): Promise<void> {
  const keys = change.keys.filter((key) => key.class === 'live').map((key) => key.path);
  if (keys.length > 0) await fleet.handle(change.app).request('apply-live', { spec, keys }, QUICK);
}
