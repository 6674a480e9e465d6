// Manager: what a cluster process is started with, and the directories that it needs.

import { dirname } from 'node:path';
import type { Generation } from '../core/status.ts';
import type { StateLayout } from '../platform/paths.ts';
import { presencePaths } from '../platform/presence.ts';
import type { BoundSocket } from '../platform/sockets.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';
import type { ClusterContact } from './cluster-owner.ts';
import { bootSockets } from './spawn-cluster.ts';

interface Means {
  readonly layout: StateLayout;
  readonly agent: string;
  readonly evenkeel: string;
  readonly state: { readonly ecosystem: { readonly name: string; readonly file: string } | null };
  ensureDir(path: string): void;
}

/** Throws STATE_DIR_UNSAFE or STATE_DIR_UNUSABLE. */
export function prepareBoot(
  { app, layout }: ClusterContact,
  { layout: state, agent, evenkeel, state: { ecosystem }, ensureDir }: Means,
  generation: Generation,
  sockets: readonly BoundSocket[],
): ClusterBoot {
  const { dir, socket, agentsSocket, stateFile } = layout;
  for (const path of [dir, dirname(socket), dirname(agentsSocket)]) ensureDir(path);
  return {
    ...{ app, appDir: dir, stateFile, socket, agentsSocket, agent, evenkeel, generation },
    ...(ecosystem === null ? {} : { config: ecosystem.file }),
    ecosystem: ecosystem?.name ?? null,
    presence: presencePaths(state.dir).app(app),
    sockets: bootSockets(sockets),
  };
}
