// Reads a cluster record field by field: the file may be damaged, and a part that makes no sense must not take with it
// what does.

import { EvenkeelError } from '../core/errors.ts';
import { isRecord } from '../core/is-record.ts';
import type { ClusterRecord, KnownWorker } from './cluster-record.ts';
import { readStateFile, setAside } from './state-file.ts';

type History = ClusterRecord['history'][number];
type Pinned = NonNullable<ClusterRecord['current']>;

/** null where there is none, or it was no use and has been set aside. Throws STATE_FROM_NEWER_VERSION. */
export function readClusterRecord(path: string): ClusterRecord | null {
  const reading = readStateFile(path);
  switch (reading.kind) {
    case 'missing':
    case 'corrupt':
      return null;
    case 'newer':
      throw new EvenkeelError('STATE_FROM_NEWER_VERSION', `${path} was written by a newer evenkeel`, {
        hint: 'Use that version again, or stop everything with it before going back.',
      });
    case 'ok': {
      const record = decodeClusterRecord(reading.value);
      if (record === null) setAside(path);
      return record;
    }
  }
}

/** null: it is no record at all. What it refers to without making sense is left out. */
export function decodeClusterRecord(value: unknown): ClusterRecord | null {
  if (!isRecord(value) || typeof value.app !== 'string') return null;
  if (!isCount(value.lastGeneration) || !isCount(value.desired)) return null;
  const { app, lastGeneration, desired, unfinished } = value;
  return {
    ...{ app, lastGeneration, desired, started: value.started === true },
    cluster: isIdentity(value.cluster) ? value.cluster : null,
    current: isPinned(value.current) ? value.current : null,
    unfinished: isUnfinished(unfinished) ? unfinished : null,
    history: listOf(value.history).filter(isHistory),
    workers: listOf(value.workers).filter(isWorker),
    lastEvent: isCount(value.lastEvent) ? value.lastEvent : 0,
  };
}

function isHistory(value: unknown): value is History {
  if (!isRecord(value) || !isCount(value.generation) || !isRecord(value.loss)) return false;
  const { outcome, reason, startedAt, durationMs, pinned } = value;
  const texts = [outcome, reason, startedAt].every((text) => typeof text === 'string');
  return texts && typeof durationMs === 'number' && (pinned === null || isPinned(pinned));
}

/** Its spec is as the loader made it, or of an earlier version: what is in there is not looked at. */
function isPinned(value: unknown): value is Pinned {
  if (!isRecord(value) || !isRecord(value.spec) || !isCount(value.generation)) return false;
  return typeof value.realCwd === 'string' && (value.realScript === null || typeof value.realScript === 'string');
}

function isWorker(value: unknown): value is KnownWorker {
  if (!isRecord(value) || !isIdentity(value.identity)) return false;
  const { key, slot, generation, startedAt, hasAgent } = value;
  return [key, slot, generation, startedAt].every(isCount) && typeof hasAgent === 'boolean';
}

function isUnfinished(value: unknown): value is NonNullable<ClusterRecord['unfinished']> {
  if (!isRecord(value) || !isCount(value.generation)) return false;
  return typeof value.reason === 'string' && typeof value.startedAt === 'number';
}

function isIdentity(value: unknown): value is KnownWorker['identity'] {
  return isRecord(value) && isCount(value.pid) && value.pid > 1 && typeof value.startTime === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
