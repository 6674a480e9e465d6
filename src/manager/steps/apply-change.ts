// Manager: does to one app what the plan says of it now.

import { type AddressMove, withMoves } from '../../core/address-moves.ts';
import type { AppChange } from '../../core/plan.ts';
import { deployableSpec, planApp } from '../../core/plan-changes.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { AppResult } from '../../protocol/control-api.ts';
import type { Task } from '../app-lane.ts';
import { QUICK } from '../deadlines.ts';
import type { Fleet } from '../fleet.ts';
import { attempt, type Outcome } from '../results.ts';
import { runningApp } from '../running-apps.ts';
import { deployApp } from './deploy-app.ts';
import { scale } from './scale-app.ts';
import { startByFile } from './start-app.ts';

const PLAIN = { timeout: null, pinned: null, claim: null };

/**
 * Plans anew: what came before it in the app's lane may have changed the app since the whole was planned. What commands have
 * changed of it is undone where this is done, and stays, as what runs does, where it fails.
 */
export async function applyChange(
  fleet: Fleet,
  desired: AppSpec,
  moves: readonly AddressMove[],
  notices: string[],
  task: Task,
): Promise<AppResult> {
  const { name } = desired;
  const isNew = !fleet.state.names.includes(name);
  const running = isNew ? undefined : runningApp(fleet, name, desired);
  const change = withMoves(planApp(running, desired), moves);
  const { action, reasons } = change;
  const undone = { override: null };
  const spec = deployableSpec(fleet.runningSpec(name) ?? desired, desired, change.keys);
  if (action === 'deploy') {
    return await deployApp(fleet, name, { action, spec, reasons, ...PLAIN, ...undone }, notices);
  }
  if (action === 'start') {
    fleet.state.update(name, undone);
    return await startByFile(fleet, name, reasons, task);
  }
  const applied = await attempt(fleet, name, action === 'stop' ? 'none' : action, reasons, () =>
    applyInPlace(fleet, change, spec),
  );
  if (applied.ok) fleet.state.update(name, undone);
  return applied;
}

/** Without a new generation. */
async function applyInPlace(fleet: Fleet, change: AppChange, spec: AppSpec): Promise<Outcome> {
  if (change.action !== 'scale' && change.action !== 'live') return { ok: true, message: 'unchanged' };
  if (fleet.runningSpec(change.app) === null) return { ok: true, message: 'the next start goes by the file' };
  await applyLive(fleet, change, spec);
  if (change.action === 'scale') return await scale(fleet, change.app, spec);
  await fleet.handle(change.app).refresh();
  return { ok: true, message: 'applied live' };
}

async function applyLive(fleet: Fleet, change: AppChange, spec: AppSpec): Promise<void> {
  const keys = change.keys.filter((key) => key.class === 'live').map((key) => key.path);
  if (keys.length > 0) await fleet.handle(change.app).ask('apply-live', { spec, keys }, QUICK);
}
