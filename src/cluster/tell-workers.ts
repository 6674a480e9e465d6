// Tells every worker of the app something, a signal or a message, and says who got it. (cluster process)

import type { ToldWorker } from '../core/status.ts';
import type { ClusterHost } from './cluster-host.ts';
import type { LiveWorker } from './live-worker.ts';

export function signalWorkers(host: ClusterHost, signal: string): Promise<readonly ToldWorker[]> {
  return tellAll(host, async (worker) => (worker.signal(signal) ? null : 'it has ended'));
}

export function sendToWorkers(host: ClusterHost, message: unknown): Promise<readonly ToldWorker[]> {
  return tellAll(host, (worker) => worker.send(message));
}

/** `tell` gives why the worker did not get it. Workers that were never started have no process to be told. */
async function tellAll(
  { workers }: ClusterHost,
  tell: (worker: LiveWorker) => Promise<string | null>,
): Promise<readonly ToldWorker[]> {
  const told = [...workers.values()].map(async (worker): Promise<ToldWorker | null> => {
    const { slot, generation, identity } = worker;
    if (identity === null) return null;
    return { slot, pid: identity.pid, generation, problem: await tell(worker) };
  });
  const known = (await Promise.all(told)).flatMap((worker) => worker ?? []);
  return known.toSorted((a, b) => a.slot - b.slot || a.generation - b.generation);
}
