// What a manager that is gone has left: what it remembered, and which apps run on without it. Only looks.

import { readdirSync } from 'node:fs';
import { EvenkeelError } from '../core/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import { fileStatus } from '../platform/file-status.ts';
import { decodeManagerState, EMPTY_STATE, type ManagerState } from '../platform/manager-record.ts';
import { stateLayout } from '../platform/paths.ts';
import { presentClusters } from '../platform/presence.ts';
import { isAlive } from '../platform/process-identity.ts';
import { decodeClusterRecord } from '../platform/read-cluster-record.ts';
import { peekStateFile } from '../platform/state-file.ts';
import { errorCode } from '../platform/system-error.ts';

export interface Remains {
  readonly state: ManagerState;
  /** Apps whose cluster process lives, with what they run; null: it cannot be told. */
  readonly running: ReadonlyMap<string, AppSpec | null>;
  /** Apps whose cluster process was killed: their workers may serve on. */
  readonly orphaned: ReadonlySet<string>;
  /** Those of them of which a worker lives, as far as the cluster process has written down which there were. */
  readonly served: ReadonlySet<string>;
}

/** Throws STATE_FROM_NEWER_VERSION, as a start would, and STATE_DIR_UNUSABLE where it may not be looked into. */
export function readRemains(stateDir: string): Remains {
  const layout = stateLayout(stateDir);
  const state = decodeManagerState(read(layout.stateFile))?.state ?? EMPTY_STATE;
  const present = presentClusters(stateDir);
  const names = new Set([...Object.keys(state.apps), ...present.keys(), ...namesIn(layout.apps)]);
  const running = [...names].filter((name) => {
    const cluster = present.get(name) ?? state.apps[name]?.cluster ?? null;
    return cluster !== null && isAlive(cluster);
  });
  const orphaned = [...names].filter(
    (name) => !running.includes(name) && fileStatus(layout.app(name).agentsSocket)?.isSocket() === true,
  );
  return {
    state,
    running: new Map(running.map((name) => [name, specIn(layout.app(name).stateFile)])),
    orphaned: new Set(orphaned),
    served: new Set(orphaned.filter((name) => hasLiveWorker(layout.app(name).stateFile))),
  };
}

/** An app that a manager has no word of still has its directory. */
function namesIn(directory: string): readonly string[] {
  if (fileStatus(directory)?.isDirectory() !== true) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function hasLiveWorker(file: string): boolean {
  return decodeClusterRecord(read(file))?.workers.some(({ identity }) => isAlive(identity)) === true;
}

function specIn(file: string): AppSpec | null {
  return decodeClusterRecord(read(file))?.current?.spec ?? null;
}

function read(file: string): unknown {
  const reading = peek(file);
  if (reading.kind === 'newer') {
    throw new EvenkeelError('STATE_FROM_NEWER_VERSION', `${file} was written by a newer evenkeel`, {
      hint: 'Use that version.',
    });
  }
  return reading.kind === 'ok' ? reading.value : null;
}

function peek(file: string): ReturnType<typeof peekStateFile> {
  try {
    return peekStateFile(file);
  } catch (cause) {
    const code = errorCode(cause);
    throw new EvenkeelError('STATE_DIR_UNUSABLE', `${file} cannot be read${code === null ? '' : `: ${code}`}`, {
      hint: 'Run this as the user that the manager is started as.',
      cause,
    });
  }
}
