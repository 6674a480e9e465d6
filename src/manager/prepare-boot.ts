// Manager: what a cluster process is started with, and the directories that it needs.

import { dirname } from 'node:path';
import type { Generation } from '../core/status.ts';
import type { StateLayout } from '../platform/paths.ts';
import { presencePaths } from '../platform/presence.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';
import type { ClusterHandle } from './cluster-handle.ts';
import { bootSockets } from './spawn-cluster.ts';

interface Means {
  readonly layout: StateLayout;
  readonly agent: string;
  readonly evenkeel: string;
  /** Absolute path of the config; null: none was ever valid. */
  readonly config: string | null;
  ensureDir(path: string): void;
}

/** Throws STATE_DIR_UNSAFE or STATE_DIR_UNUSABLE. */
export function prepareBoot(
  { app, layout }: ClusterHandle,
  { layout: state, agent, evenkeel, config, ensureDir }: Means,
  generation: Generation,
  sockets: readonly BoundSocket[],
): ClusterBoot {
  const { dir, socket, agentsSocket, stateFile } = layout;
  for (const path of [dir, dirname(socket), dirname(agentsSocket)]) ensureDir(path);
  return {
    ...{ app, appDir: dir, stateFile, socket, agentsSocket, agent, evenkeel, generation },
    ...(config === null ? {} : { config }),
    presence: presencePaths(state.dir).app(app),
    sockets: bootSockets(sockets),
  };
}
