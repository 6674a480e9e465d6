// What the manager remembers between its lives, in state.json: the last good ecosystem, and per app what commands
// have made of it and which cluster process runs it.

import { isRecord } from '../core/is-record.ts';
import type { AppSpec, EcosystemSpec } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import type { PinnedSpec } from '../protocol/cluster-link.ts';
import type { Override, PendingOverride } from './overrides.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A restart in a new cluster process, from before the old one is stopped until the app is up again. */
export interface Restart {
  /** With what it is started again. */
  readonly spec: AppSpec;
  /** What ran. */
  readonly pinned: PinnedSpec;
}

export interface AppRecord {
  /** Meant to run: false until started, and after `stop`. */
  readonly wanted: boolean;
  /** Why it is not: somebody has stopped this very app. False also where it is meant to run. */
  readonly stoppedByName: boolean;
  readonly override: Override | null;
  /** What the override becomes if the deploy under way is done; null: none that changes it is. */
  readonly pending: PendingOverride | null;
  /** What the next manager has to finish, if this one is killed; null: nothing. */
  readonly restarting: Restart | null;
  /** The highest generation seen. */
  readonly generation: Generation;
  /** The cluster process; null: none. */
  readonly cluster: ProcessIdentity | null;
}

export interface ManagerState {
  readonly ecosystem: EcosystemSpec | null;
  /** What a reload goes by that is under way, which the next manager has to finish, if this one is killed; null: none is. */
  readonly reloading: EcosystemSpec | null;
  readonly apps: Readonly<Record<string, AppRecord>>;
}

export const EMPTY_STATE: ManagerState = { ecosystem: null, reloading: null, apps: {} };
export const NEW_RECORD: AppRecord = {
  ...{ wanted: false, stoppedByName: false },
  ...{ override: null, pending: null, restarting: null, generation: 0, cluster: null },
};

/** Stopped, and a restart of it that was begun is not gone on with. */
export const UNWANTED = { wanted: false, restarting: null, pending: null } as const satisfies Partial<AppRecord>;

/** What a record of an earlier version lacks. */
const LATER_KEYS = { pending: null, restarting: null, stoppedByName: false } as const satisfies Partial<AppRecord>;

export interface DecodedState {
  readonly state: ManagerState;
  /** For people: what could not be used and is left out. */
  readonly lost: readonly string[];
}

/** null: not the state of a manager at all. What is broken in it costs nothing else. */
export function decodeManagerState(value: unknown): DecodedState | null {
  if (!isRecord(value) || !isRecord(value.apps)) return null;
  const lost: string[] = [];
  const ecosystem = isEcosystem(value.ecosystem) ? value.ecosystem : null;
  if (ecosystem === null && value.ecosystem !== null) lost.push('the last valid config');
  const apps: [string, AppRecord][] = [];
  for (const [name, record] of Object.entries(value.apps)) {
    const whole = isRecord(record) ? { ...LATER_KEYS, ...record } : record;
    if (isAppRecord(whole)) apps.push([name, whole]);
    else lost.push(`the record of ${name}`);
  }
  // Which a state of an earlier version lacks; without it, the reload is for a person to repeat.
  const { reloading = null } = value;
  const state = { ecosystem, reloading: isEcosystem(reloading) ? reloading : null, apps: Object.fromEntries(apps) };
  return { state, lost };
}

function isEcosystem(value: unknown): value is EcosystemSpec | null {
  if (value === null) return true;
  if (!isRecord(value) || !Array.isArray(value.apps)) return false;
  return typeof value.file === 'string' && typeof value.name === 'string' && value.apps.every(isSpec);
}

function isSpec(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { name, workers, env, listen, dependsOn, stop, ready, deploy } = value;
  const parts = [env, stop, ready, deploy].every(isRecord) && Array.isArray(listen) && Array.isArray(dependsOn);
  return parts && typeof name === 'string' && typeof workers === 'number';
}

function isAppRecord(value: unknown): value is AppRecord {
  if (!isRecord(value)) return false;
  const { wanted, override, generation, cluster } = value;
  const flags = [wanted, value.stoppedByName].every((flag) => typeof flag === 'boolean');
  const flat = flags && Number.isSafeInteger(generation);
  return (
    flat &&
    isPending(value.pending) &&
    isRestart(value.restarting) &&
    (override === null || isOverride(override)) &&
    (cluster === null || isIdentity(cluster))
  );
}

function isOverride(value: unknown): boolean {
  return isRecord(value) && (value.rollback === undefined || (isRecord(value.rollback) && isSpec(value.rollback.spec)));
}

function isPending(value: unknown): boolean {
  if (value === null) return true;
  return isRecord(value) && typeof value.after === 'number' && (value.override === null || isOverride(value.override));
}

function isRestart(value: unknown): boolean {
  if (value === null) return true;
  return isRecord(value) && isSpec(value.spec) && isRecord(value.pinned) && isSpec(value.pinned.spec);
}

function isIdentity(value: unknown): boolean {
  return isRecord(value) && typeof value.pid === 'number' && typeof value.startTime === 'string';
}
