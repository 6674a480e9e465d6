// Pure: what has to change so that what runs is what the file says, and why. Nothing is done here.

import { planMoves, withMoves } from './address-moves.ts';
import type { AppChange, KeyChange, Plan, RunningApp } from './plan.ts';
import { type AppSpec, formatAddress } from './spec.ts';
import { diffSpecs } from './spec-diff.ts';
import { reasonsOfKeys } from './summarize-keys.ts';

/** `running` has every app that is known; one of the file that is missing there is new. */
export function planChanges(running: readonly RunningApp[], desired: readonly AppSpec[]): Plan {
  const known = new Map(running.map((app) => [app.name, app]));
  const wanted = new Set(desired.map((spec) => spec.name));
  const changes = [
    ...desired.map((spec) => planApp(known.get(spec.name), spec)),
    ...running.filter((app) => !wanted.has(app.name)).map(planRemoved),
  ];
  const moves = planMoves(running, desired);
  return { changes: changes.map((change) => withMoves(change, moves)), notices: changes.flatMap(pendingNotices) };
}

/** What takes one app to `desired`. */
export function planApp(running: RunningApp | undefined, desired: AppSpec): AppChange {
  const app = desired.name;
  if (running === undefined) return { app, action: 'start', reasons: ['added to the config'], keys: [] };
  if (running.spec === null) {
    if (running.down !== true) return planStopped(running, desired);
    return { app, action: 'start', reasons: ['not running'], keys: [] };
  }
  const keys = withRefused(diffSpecs(running.spec, desired), running, desired);
  const reasons = reasonsOfKeys(keys.filter((key) => key.class !== 'restart' && key.class !== 'none'));
  const { rolledBack = null } = running;
  if (rolledBack === null) return { app, action: strongest(keys), reasons, keys };
  // Also where no key differs: a link may lead elsewhere by now.
  const undoing = `undoes the rollback to ${rolledBack}, so the code at the paths of the file runs again`;
  return { app, action: 'deploy', reasons: [...reasons, undoing], keys };
}

/** It stays stopped. What commands have changed of it is undone all the same, as of an app that runs. */
function planStopped({ name: app, kept = null, rolledBack = null }: RunningApp, desired: AppSpec): AppChange {
  const keys = kept === null ? [] : diffSpecs(kept, desired);
  const undone = rolledBack === null ? reasonsOfKeys(keys) : [`undoes the rollback to ${rolledBack}`];
  if (undone.length === 0) return { app, action: 'none', reasons: [], keys: [] };
  // Nothing runs that would keep a key from taking effect.
  return {
    app,
    action: 'live',
    reasons: ['stays stopped', ...undone],
    keys: keys.map((key) => ({ ...key, class: 'live' })),
  };
}

/** An address that cannot be had while the app runs can be at its restart. */
function withRefused(
  keys: readonly KeyChange[],
  { spec, refused }: RunningApp,
  desired: AppSpec,
): readonly KeyChange[] {
  const running = (spec?.listen ?? []).map(formatAddress);
  const added = desired.listen.map(formatAddress).filter((address) => !running.includes(address));
  if (!added.some((address) => refused?.includes(address))) return keys;
  return keys.map((key) => (key.path === 'listen' ? { ...key, class: 'restart' } : key));
}

/** What a deploy of `desired` may use now: keys that take effect at a restart stay as they run. */
export function deployableSpec(running: AppSpec, desired: AppSpec, keys: readonly KeyChange[]): AppSpec {
  const pending = keys.filter((key) => key.class === 'restart').map((key) => key.path.split('.')[0] ?? key.path);
  const kept = Object.entries(running).filter(([key]) => pending.includes(key));
  return { ...desired, ...Object.fromEntries(kept) };
}

/** Which a deploy from one to the other does away with. */
export function droppedAddresses(running: AppSpec, desired: AppSpec): readonly string[] {
  const declared = desired.listen.map(formatAddress);
  return running.listen.map(formatAddress).filter((address) => !declared.includes(address));
}

export function pendingNotices(change: AppChange): readonly string[] {
  const pending = change.keys.filter((key) => key.class === 'restart');
  return pending.map((key) => `${change.app}: ${key.path} changed; takes effect at \`evenkeel restart ${change.app}\``);
}

function planRemoved({ name: app, spec, down }: RunningApp): AppChange {
  if (spec === null && down !== true) return { app, action: 'none', reasons: [], keys: [] };
  return { app, action: 'stop', reasons: ['removed from the config'], keys: [] };
}

function strongest(keys: readonly KeyChange[]): 'deploy' | 'scale' | 'live' | 'none' {
  const order = ['deploy', 'scale', 'live'] as const;
  return order.find((action) => keys.some((key) => key.class === action)) ?? 'none';
}
