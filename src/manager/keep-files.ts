// Manager: puts back the files by which it is found and asked, when somebody removes them while it runs.

import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Milliseconds } from '../core/spec.ts';
import type { Clock } from '../platform/clock.ts';
import { FileKeeper, type KeptFile } from '../platform/file-keeper.ts';
import { fileStatus } from '../platform/file-status.ts';
import type { StateLayout } from '../platform/paths.ts';
import { registerEcosystem } from '../platform/registry.ts';
import type { ApiServer } from './api/serve-api.ts';
import type { ClusterContact } from './cluster-owner.ts';
import type { EventBus } from './event-bus.ts';
import type { Fleet } from './fleet.ts';
import type { StateStore } from './state-store.ts';
import type { StateDirHold } from './take-state-dir.ts';

/** A look costs a few system calls for each app. */
const INTERVAL: Milliseconds = 2_000;
/** For a cluster process to answer. */
const ANSWER_TIMEOUT: Milliseconds = 5_000;

export interface KeepOptions {
  readonly clock: Clock;
  readonly layout: StateLayout;
  readonly fleet: Pick<Fleet, 'names' | 'handle'>;
  readonly hold: StateDirHold;
  readonly api: ApiServer;
  readonly state: StateStore;
  readonly bus: EventBus;
  /** What registerEcosystem has written; null: nothing could be. */
  readonly registration: readonly string[] | null;
  /** Logs. */
  readonly others: readonly KeptFile[];
  complain(problem: unknown): void;
}

export function keepFiles(options: KeepOptions): FileKeeper {
  const { clock, layout, fleet, hold, api, state, bus, others, complain } = options;
  let { registration } = options;
  const config = (): string | null => state.ecosystem?.file ?? null;
  const files: readonly KeptFile[] = [
    ...hold.files,
    ...others,
    {
      name: 'config.path',
      isThere: () => registration?.every((path) => fileStatus(path) !== null) === true,
      putBack: async () => {
        const file = config();
        registration = file === null ? [] : await registerEcosystem(file, layout.dir);
      },
    },
    { name: 'manager.sock', isThere: () => api.isThere, putBack: () => api.putBack() },
    {
      name: 'state.json',
      isThere: () => fileStatus(layout.stateFile) !== null,
      putBack: async () => {
        state.save();
        await state.flush();
      },
    },
  ];
  return new FileKeeper({
    clock,
    interval: () => INTERVAL,
    files: () => [...files, ...fleet.names.flatMap((name) => clusterFiles(fleet.handle(name)))],
    // Where the whole project was removed there is nothing to be found for, and nothing is to be left.
    mayPutBack: () => [layout.dir, config()].some((path) => path !== null && existsSync(dirname(path))),
    onPutBack(names) {
      const message = `missing while the manager ran, and put back: ${names.join(', ')}`;
      bus.emit({ type: 'state-repaired', file: layout.dir, message });
    },
    onProblem: complain,
  });
}

/** A cluster process that is asked whether it answers looks by itself, and puts back what is missing. */
function clusterFiles(handle: ClusterContact): readonly KeptFile[] {
  if (!handle.isUp || handle.isLeaving) return [];
  const { socket, agentsSocket, stateFile } = handle.layout;
  const paths = [socket, agentsSocket, ...(handle.snapshot?.started === true ? [stateFile] : [])];
  return paths.map((path) => ({
    name: `apps/${handle.app}/${basename(path)}`,
    isThere: () => fileStatus(path) !== null,
    // One that does not answer holds up nobody; the next look tells whether it has.
    putBack: () => void handle.ask('ping', {}, ANSWER_TIMEOUT).catch(() => {}),
  }));
}
