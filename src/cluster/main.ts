// The cluster process of one app: forks its workers, runs its deploys and restarts, writes its logs. It needs no manager.

import type { EventEmitter } from 'node:events';
import { stayAlive } from '../platform/daemonize.ts';
import { nameProcess, titleOf } from '../platform/process-title.ts';
import { keepHeapSmall } from '../platform/small-heap.ts';
import type { UnixListener } from '../platform/unix-server.ts';
import type { ClusterBoot } from '../protocol/cluster-boot.ts';
import { HANG_UP_TIMEOUT } from '../protocol/cluster-link.ts';
import { ClusterProcess } from './cluster-process.ts';
import { ClusterFiles } from './keep-files.ts';
import { type LinkConnection, serveLink } from './link-server.ts';
import { output } from './own-output.ts';
import { handlersFor } from './requests.ts';

async function main(): Promise<void> {
  keepHeapSmall();
  const boot = JSON.parse(process.argv[2] ?? '') as ClusterBoot;
  nameProcess(titleOf(`cluster ${boot.app}`, boot.ecosystem ?? null), `evenkeel:${boot.app}`);
  // A terminal that closes, or an operator's Ctrl-C, is the manager's business.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE', 'SIGTERM'] as const) process.on(signal, () => {});
  for (const stream of [process.stdout, process.stderr] as EventEmitter[]) stream.on('error', () => {});
  output.use(boot.output ?? null);
  // A bug of ours must not take the app's ports with it: it is noted, and the cluster goes on.
  const note = (error: unknown): void => output.complain(error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  stayAlive();
  const cluster = new ClusterProcess(boot);
  await cluster.orphans.listen(boot.agentsSocket);
  let link: UnixListener | null = null;
  const files = new ClusterFiles(boot, {
    ...{ link: () => link, agents: () => cluster.orphans.listener, hasState: () => cluster.running !== null },
    ...{ save: () => cluster.save(), complain: note },
  });
  link = await serveLink(boot.socket, handlersFor(cluster, exit, files), cluster.events, {
    give: (connection, request) => cluster.traffic.give(connection, request),
    take: (connection, offer) => void cluster.traffic.take(connection, offer).catch(note),
  });

  /** As soon as whoever asked has hung up: what it writes to a process that is gone costs it the answer that is on its way. */
  function exit(asker: LinkConnection): void {
    files.close();
    void link?.close();
    const leave = (): void => process.exit(0);
    asker.onClose(leave);
    setTimeout(leave, HANG_UP_TIMEOUT);
  }
}

main().catch((error: unknown) => {
  // Without its socket nobody could ask it for anything: better gone, and seen to be gone.
  output.complain(error);
  process.exit(1);
});
