// CLI: what a manager that is gone has left: what it remembered, and which apps run on without it. Only looks.

import { EvenkeelError } from '../core/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import { fileStatus } from '../platform/file-status.ts';
import { decodeManagerState, EMPTY_STATE, type ManagerState } from '../platform/manager-record.ts';
import { stateLayout } from '../platform/paths.ts';
import { presentClusters } from '../platform/presence.ts';
import { isAlive } from '../platform/process-identity.ts';
import { decodeClusterRecord } from '../platform/read-cluster-record.ts';
import { peekStateFile } from '../platform/state-file.ts';

export interface Remains {
  readonly state: ManagerState;
  /** Apps whose cluster process lives, with what they run; null: it cannot be told. */
  readonly running: ReadonlyMap<string, AppSpec | null>;
  /** Apps whose cluster process was killed: their workers may serve on. */
  readonly orphaned: ReadonlySet<string>;
}

/** Throws STATE_FROM_NEWER_VERSION, as a start would. */
export function readRemains(stateDir: string): Remains {
  const layout = stateLayout(stateDir);
  const state = decodeManagerState(read(layout.stateFile))?.state ?? EMPTY_STATE;
  const present = presentClusters(stateDir);
  const names = new Set([...Object.keys(state.apps), ...present.keys()]);
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
  };
}

function specIn(file: string): AppSpec | null {
  return decodeClusterRecord(read(file))?.current?.spec ?? null;
}

function read(file: string): unknown {
  const reading = peekStateFile(file);
  if (reading.kind === 'newer') {
    throw new EvenkeelError('STATE_FROM_NEWER_VERSION', `${file} was written by a newer evenkeel`, {
      hint: 'Use that version.',
    });
  }
  return reading.kind === 'ok' ? reading.value : null;
}
