// Manager: from its command line to its end.

import { deepFreeze } from '../config/deep-freeze.ts';
import { describeEvent } from '../core/describe-event.ts';
import { EvenkeelError } from '../core/errors.ts';
import type { EvenkeelEvent } from '../core/events.ts';
import { EventLog } from '../logs/event-log.ts';
import { systemClock } from '../platform/clock.ts';
import { entryPoint, packageVersion } from '../platform/entry-points.ts';
import type { KeptFile } from '../platform/file-keeper.ts';
import { fileStatus } from '../platform/file-status.ts';
import type { OwnOutput } from '../platform/own-output.ts';
import { offerSockets, receiveSockets } from '../platform/pass-sockets.ts';
import { type StateLayout, stateLayout } from '../platform/paths.ts';
import { presentClusters } from '../platform/presence.ts';
import { ensurePrivateDir } from '../platform/private-dir.ts';
import { identify, isAlive, isStopped, waitForExit } from '../platform/process-identity.ts';
import { bindListenSocket } from '../platform/sockets.ts';
import { connectUnix } from '../platform/unix-client.ts';
import type { LoadRequest } from '../protocol/config-loader.ts';
import type { ManagerBoot } from '../protocol/manager-boot.ts';
import type { ClusterPorts } from './cluster-ports.ts';
import { QUICK } from './deadlines.ts';
import { loadConfig } from './load-config.ts';
import { type Manager, type ManagerOptions, openManager } from './open-manager.ts';
import { clusterSpawner } from './spawn-cluster.ts';

type Config = ManagerOptions['config'];

/** Throws what keeps the manager from running. */
export async function runManager(boot: ManagerBoot, output: OwnOutput): Promise<Manager> {
  const { file, from, profile } = boot;
  const request: LoadRequest = { file, from, profile };
  const config = configOf(boot);
  const layout = stateLayout(boot.stateDir);
  ensurePrivateDir(layout.dir);
  if (!boot.foreground) output.use(layout.managerOut);
  const known = config.ok ? config.ecosystem.file : file;
  const log = openLog(layout, boot.foreground, output);
  try {
    return await openManager({
      ...{ layout, config, ports: systemPorts(layout, output), bind: bindListenSocket, log, anew: boot.anew ?? [] },
      logFiles: boot.foreground ? [log.file] : [log.file, outputFile(layout, output)],
      ...{ evenkeel: packageVersion(), agent: entryPoint('agent') },
      // The same file from now on, whatever is put beside it; another one only where nobody named it and it is gone.
      profile,
      load: (wanted) => loadConfig({ ...request, file: known, profile: wanted, orBeside: file === null }),
      complain: (problem) => output.complain(problem),
    });
  } catch (error) {
    await log.close();
    throw error;
  }
}

function systemPorts(layout: StateLayout, output: OwnOutput): ClusterPorts {
  return {
    clock: systemClock,
    ...clusterSpawner(output),
    connect: connectUnix,
    present: () => presentClusters(layout.dir),
    fetchSockets: async (path, addresses, signal) =>
      await receiveSockets(await connectUnix(path, QUICK), addresses, signal),
    offerSockets: async (path, sockets) => {
      const find = (asked: readonly string[]) => sockets.filter(({ address }) => asked.includes(address));
      const addresses = sockets.map(({ address }) => address);
      await offerSockets(path, addresses, find, new AbortController().signal);
    },
    identify,
    isAlive,
    isStopped,
    waitForExit,
  };
}

function configOf({ config }: ManagerBoot): Config {
  if (config.ok) return { ok: true, ecosystem: deepFreeze(config.ecosystem) };
  return { ok: false, error: EvenkeelError.fromBody(config.error) };
}

function openLog(
  layout: StateLayout,
  foreground: boolean,
  output: OwnOutput,
): ManagerOptions['log'] & { readonly file: KeptFile } {
  const log = new EventLog(layout.managerLog, (message) => output.complain(`${layout.managerLog}: ${message}`));
  return {
    append(event: EvenkeelEvent) {
      log.append(event);
      if (foreground) output.line(describeEvent(event));
    },
    last: (count) => log.last(count),
    close: () => log.close(),
    file: keptFile('manager.log', layout.managerLog, () => log.look()),
  };
}

function outputFile({ managerOut }: StateLayout, output: OwnOutput): KeptFile {
  return keptFile('manager.out', managerOut, () => output.putBack());
}

function keptFile(name: string, path: string, putBack: () => void): KeptFile {
  return { name, isThere: () => fileStatus(path) !== null, putBack };
}
