// Manager: what it remembers between its lives, in state.json: the last good ecosystem, and per app what commands
// have made of it and which cluster process runs it.

import { isRecord } from '../core/is-record.ts';
import type { EcosystemSpec } from '../core/spec.ts';
import type { Generation } from '../core/status.ts';
import type { ProcessIdentity } from '../platform/process-identity.ts';
import type { Override, PendingOverride } from './overrides.ts';

export interface AppRecord {
  /** Meant to run: false until started, and after `stop`. */
  readonly wanted: boolean;
  readonly override: Override | null;
  /** What the override becomes if the deploy under way is done; null: none that changes it is. */
  readonly pending: PendingOverride | null;
  /** The highest generation seen. */
  readonly generation: Generation;
  /** The cluster process; null: none. */
  readonly cluster: ProcessIdentity | null;
}

export interface ManagerState {
  readonly ecosystem: EcosystemSpec | null;
  readonly apps: Readonly<Record<string, AppRecord>>;
}

export const EMPTY_STATE: ManagerState = { ecosystem: null, apps: {} };
export const NEW_RECORD: AppRecord = { wanted: false, override: null, pending: null, generation: 0, cluster: null };

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
    // A record of an earlier version has no such key.
    if (isAppRecord(record)) apps.push([name, { ...record, pending: record.pending ?? null }]);
    else lost.push(`the record of ${name}`);
  }
  return { state: { ecosystem, apps: Object.fromEntries(apps) }, lost };
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
  const flat = typeof wanted === 'boolean' && Number.isSafeInteger(generation);
  return (
    flat &&
    isPending(value.pending ?? null) &&
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

function isIdentity(value: unknown): boolean {
  return isRecord(value) && typeof value.pid === 'number' && typeof value.startTime === 'string';
}
